using System.Text;
using System.Text.Json;
using Drover.Modules;
using Drover.Modules.Image;
using Drover.Modules.Tree;
using Drover.Text;

namespace Drover.Kmod;

/// <summary>One module as modinfo shows it; an author's name may have any encoding.</summary>
sealed class ModuleText
{
    public const string FileName = "filename";

    /// <summary>A built-in module has this field before <see cref="FileName"/>.</summary>
    const string Name = "name";

    /// <summary>The width of the keys, with their colon.</summary>
    const int KeyWidth = 16;

    readonly ModinfoSubject _module;
    readonly string? _field;
    readonly ToolLog _log;
    readonly IReadOnlyList<KeyValuePair<string, string>> _info;

    /// <summary>Reads the module; problems are reported.</summary>
    /// <param name="field">The only field to show, or null for all.</param>
    public ModuleText(ModinfoSubject module, string? field, ToolLog log)
    {
        (_module, _field, _log) = (module, field, log);
        _info = field == FileName ? [] : Read();
    }

    /// <summary>Everything was read.</summary>
    public bool IsComplete { get; private set; } = true;

    string ShownPath => _module.Path ?? "(builtin)";

    public string Write(char separator)
    {
        var text = new StringBuilder();
        if (_field == FileName)
            return $"{ShownPath}{separator}";
        if (_field == Name && _module.Path is null)
            return $"{_module.Name}{separator}";
        if (_field == ModuleParameters.Description)
        {
            foreach (var parameter in Parameters().LastFirst)
                text.Append(parameter.AsValue).Append(separator);
            return text.ToString();
        }
        if (_field is not null)
        {
            foreach (var (key, value) in _info)
            {
                if (key == _field)
                    text.Append(value).Append(separator);
            }
            return text.ToString();
        }

        if (_module.Path is null)
            Line(text, Name, _module.Name, separator);
        Line(text, FileName, ShownPath, separator);
        foreach (var (key, value) in _info)
        {
            if (ModuleParameters.IsOf(key))
                continue;
            if (separator == '\0')
                text.Append(key).Append('=').Append(value).Append(separator);
            else
                Line(text, key, value, separator);
        }
        foreach (var parameter in Parameters().LastFirst)
            Line(text, ModuleParameters.Description, parameter.AsLine, separator);
        return text.ToString();
    }

    public void WriteMembers(Utf8JsonWriter json)
    {
        json.WriteString("name", _module.Name);
        json.WriteString(FileName, _module.Path);
        json.WriteBoolean("builtin", _module.Path is null);
        json.WriteObject("fields", () =>
        {
            var fields = _info.Where(pair => !ModuleParameters.IsOf(pair.Key)
                && (_field is null || _field == pair.Key));
            foreach (var field in fields.GroupBy(pair => pair.Key, pair => pair.Value))
            {
                // the value of a signature spans lines
                var values = field.Select(value => ByteText.Shown(value.Replace(
                    "\n\t\t", "", StringComparison.Ordinal)));
                json.WriteStrings(ByteText.Shown(field.Key), values);
            }
        });
        if (_field is not (null or ModuleParameters.Description))
            return;
        json.WriteObjects("parameters", Parameters().LastFirst.Reverse(), parameter =>
        {
            json.WriteString("name", ByteText.Shown(parameter.Name));
            json.WriteString("description", parameter.Description is { } description ? ByteText.Shown(description)
                : null);
            json.WriteString("type", parameter.Type is { } type ? ByteText.Shown(type) : null);
        });
    }

    ModuleParameters Parameters()
    {
        var parameters = new ModuleParameters();
        foreach (var (key, value) in _info)
        {
            if (ModuleParameters.IsOf(key) && !parameters.TryAdd(key, value))
                _log.Error($"Found invalid \"{key}={value}\": missing ':'");
        }
        return parameters;
    }

    // kmod 30 put as many blanks behind a longer key as it was longer
    static void Line(StringBuilder text, string key, string value, char separator)
    {
        text.Append(key).Append(':').Append(' ', Math.Max(0, KeyWidth - 1 - ByteText.CountBytes(key)));
        text.Append(value).Append(separator);
    }

    IReadOnlyList<KeyValuePair<string, string>> Read()
    {
        try
        {
            if (_module.File is { } path)
                return ModuleDescription.Read(path);
            // kernels before 5.2 have no such file
            return SystemFiles.Current.IsFile(_module.BuiltInInfo!)
                ? BuiltInModinfo.Of(SystemFiles.Current.ReadRegular(_module.BuiltInInfo!), _module.Name)
                : [];
        }
        catch (Exception problem) when (StrError.Of(problem) is { } why)
        {
            IsComplete = false;
            _log.Error($"could not get modinfo from '{_module.Name}': {why}");
            return [];
        }
    }
}

/// <summary>A parameter of a module.</summary>
sealed record ModuleParameter(string Name)
{
    /// <summary>From <c>parm=</c>, or null.</summary>
    public string? Description { get; set; }

    /// <summary>From <c>parmtype=</c>, or null.</summary>
    public string? Type { get; set; }

    /// <summary>In the list of all fields: the type replaces a missing description.</summary>
    public string AsLine => Description is null ? $"{Name}:{Type}" : AsValue;

    /// <summary>In a list of parameters only: the type is in brackets.</summary>
    public string AsValue => Type is null ? $"{Name}:{Description}" : $"{Name}:{Description} ({Type})";
}

/// <summary>A module's parameters, from <c>parm=NAME:DESCRIPTION</c> and <c>parmtype=NAME:TYPE</c>.</summary>
sealed class ModuleParameters
{
    public const string Description = "parm", Type = "parmtype";

    readonly Dictionary<string, ModuleParameter> _byName = new(StringComparer.Ordinal);
    readonly List<ModuleParameter> _inOrder = [];

    /// <summary>In modinfo's order: the last parameter comes first.</summary>
    public IEnumerable<ModuleParameter> LastFirst => Enumerable.Reverse(_inOrder);

    public static bool IsOf(string key) => key is Description or Type;

    /// <summary>Adds a field; the last of a kind wins. False without a colon.</summary>
    public bool TryAdd(string key, string value)
    {
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return false;
        var name = value[..colon];
        if (!_byName.TryGetValue(name, out var parameter))
        {
            parameter = new ModuleParameter(name);
            _byName.Add(name, parameter);
            _inOrder.Add(parameter);
        }
        if (key == Description)
            parameter.Description = value[(colon + 1)..];
        else
            parameter.Type = value[(colon + 1)..];
        return true;
    }
}
