using System.Text;
using System.Text.Json;
using Drover.Modules;
using Drover.Output;

namespace Drover.Kmod;

/// <summary>One module as modinfo shows it. Everything read of it is raw text, for its authors' names are written in any encoding. One owner.</summary>
sealed class ModuleText
{
    public const string FileName = "filename";

    /// <summary>Of a built-in module, that takes its file's place.</summary>
    const string Name = "name";

    /// <summary>Width of the keys with their colon.</summary>
    const int KeyWidth = 16;

    readonly ModinfoSubject _module;
    readonly string? _field;
    readonly ToolLog _log;
    readonly IReadOnlyList<KeyValuePair<string, string>> _info;

    /// <summary>Reads it.</summary>
    /// <param name="module">Which.</param>
    /// <param name="field">The only field that is wanted, or null for all.</param>
    /// <param name="log">What is wrong with the module is told here.</param>
    public ModuleText(ModinfoSubject module, string? field, ToolLog log)
    {
        (_module, _field, _log) = (module, field, log);
        // its name is known without a look into it
        _info = field == FileName ? [] : Read();
    }

    /// <summary>All that was wanted could be read.</summary>
    public bool IsWhole { get; private set; } = true;

    string ShownPath => _module.Path is { } path ? RawText.Of(path) : "(builtin)";

    /// <summary>The lines, as raw text.</summary>
    /// <param name="separator">What ends each.</param>
    public string Write(char separator)
    {
        var text = new StringBuilder();
        if (_field == FileName)
            return $"{ShownPath}{separator}";
        if (_field == Name && _module.Path is null)
            return $"{RawText.Of(_module.Name)}{separator}";
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
            Line(text, Name, RawText.Of(_module.Name), separator);
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

    /// <summary>The same as members of a JSON object.</summary>
    public void WriteMembers(Utf8JsonWriter json)
    {
        json.WriteString("name", _module.Name);
        json.WriteString(FileName, _module.Path);
        json.WriteBoolean("builtin", _module.Path is null);
        json.WriteObject("fields", () =>
        {
            foreach (var field in _info.Where(pair => !ModuleParameters.IsOf(pair.Key) && (_field is null || _field == pair.Key)).GroupBy(pair => pair.Key, pair => pair.Value))
                json.WriteStrings(RawText.Decode(field.Key), field.Select(value => RawText.Decode(value.Replace("\n\t\t", "", StringComparison.Ordinal))));
        });
        if (_field is not (null or ModuleParameters.Description))
            return;
        json.WriteObjects("parameters", Parameters().LastFirst.Reverse(), parameter =>
        {
            json.WriteString("name", RawText.Decode(parameter.Name));
            json.WriteString("description", parameter.Description is { } description ? RawText.Decode(description) : null);
            json.WriteString("type", parameter.Type is { } type ? RawText.Decode(type) : null);
        });
    }

    ModuleParameters Parameters()
    {
        var parameters = new ModuleParameters();
        foreach (var (key, value) in _info)
        {
            if (ModuleParameters.IsOf(key) && !parameters.TryAdd(key, value))
                _log.Error($"Found invalid \"{RawText.Decode(key)}={RawText.Decode(value)}\": missing ':'");
        }
        return parameters;
    }

    // kmod prints "%s:%-*s" with the width 15 − length: a width below zero is one above, on the other side
    static void Line(StringBuilder text, string key, string value, char separator) =>
        text.Append(key).Append(':').Append(' ', Math.Abs(KeyWidth - 1 - key.Length)).Append(value).Append(separator);

    IReadOnlyList<KeyValuePair<string, string>> Read()
    {
        try
        {
            if (_module.Path is { } path)
                return ModuleDescription.Read(path);
            // an older kernel has no such file, and that is all there is to say
            return File.Exists(_module.BuiltInInfo) ? BuiltInModinfo.Of(File.ReadAllBytes(_module.BuiltInInfo), _module.Name) : [];
        }
        catch (Exception problem) when (WhyNot(problem) is { } why)
        {
            IsWhole = false;
            _log.Error($"could not get modinfo from '{_module.Name}': {why}");
            return [];
        }
    }

    /// <summary>In the words of strerror(3), as kmod has only an errno to tell.</summary>
    static string? WhyNot(Exception problem) => problem switch
    {
        ModuleDataException { Fault: DataFault.OtherFormat } => "Exec format error",
        ModuleDataException { Fault: DataFault.NoSuchPart } or FileNotFoundException or DirectoryNotFoundException => "No such file or directory",
        ModuleDataException => "Invalid argument",
        UnauthorizedAccessException => "Permission denied",
        IOException => "Input/output error",
        _ => null,
    };
}
