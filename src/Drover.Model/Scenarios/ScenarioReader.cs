using System.Text.Json;
using Drover.Cli;
using Drover.Modules;

namespace Drover.Model;

/// <summary>
/// Takes a document apart: that each member is known, comes once and has the right type is seen to here, what its value may be by <see cref="ScenarioRules"/>.
/// </summary>
ref struct ScenarioReader(ReadOnlySpan<byte> text, string file)
{
    /// <summary>The longest escape of one UTF-16 code unit.</summary>
    const int EscapedLength = 6;

    readonly ReadOnlySpan<byte> _text = text;
    Utf8JsonReader _json = new(text);
    ScenarioField _at = new("");

    /// <exception cref="ScenarioException">It is no scenario of this version.</exception>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public Scenario Read()
    {
        var scenario = new Scenario { Name = "", Cpus = 0, MemoryBytes = 0, Modules = [], Aliases = [], Devices = [] };
        _json.Read();
        var seen = 0u;
        while (Next(ScenarioFormat.Document, ref seen, name => new(name)) is { } member)
        {
            scenario = member switch
            {
                "format" => Text() == ScenarioFormat.Format ? scenario : throw Fail($"is '{_json.GetString()}', not '{ScenarioFormat.Format}': this is another kind of file"),
                "version" => Number() == ScenarioFormat.Version ? scenario : throw Fail($"is {_json.GetInt64()}, and this drover reads version {ScenarioFormat.Version} only"),
                "name" => scenario with { Name = Text() },
                "description" => scenario with { Description = Text() },
                "kernel" => scenario with { Kernel = Text() },
                "cpus" => scenario with { Cpus = (int)Math.Clamp(Number(), int.MinValue, int.MaxValue) },
                "memoryBytes" => scenario with { MemoryBytes = Number() },
                "compression" => scenario with { Compression = Compression() },
                "modules" => scenario with { Modules = List("modules", ScenarioLimits.Modules, static (ref ScenarioReader reader, int index) => reader.Module(index)) },
                "aliases" => scenario with { Aliases = List("aliases", ScenarioLimits.Aliases, static (ref ScenarioReader reader, int index) => reader.Alias(index)) },
                "devices" => scenario with { Devices = List("devices", ScenarioLimits.Devices, static (ref ScenarioReader reader, int index) => reader.Device(index)) },
                _ => scenario with { Costs = Costs() },
            };
        }
        // nothing but blanks may follow
        _json.Read();
        return scenario;
    }

    ScenarioModule Module(int index)
    {
        var module = new ScenarioModule { Name = "", FileBytes = 0, ElfBytes = 0, ImageBytes = 0 };
        var seen = 0u;
        while (Next(ScenarioFormat.Module, ref seen, name => new("modules", index, name)) is { } member)
        {
            module = member switch
            {
                "name" => module with { Name = Text() },
                "fileBytes" => module with { FileBytes = Number() },
                "elfBytes" => module with { ElfBytes = Number() },
                "imageBytes" => module with { ImageBytes = Number() },
                "textBytes" => module with { TextBytes = Number() },
                "dependencies" => module with { Dependencies = Texts(ScenarioLimits.Dependencies) },
                "softdepsBefore" => module with { SoftdepsBefore = Texts(ScenarioLimits.Dependencies) },
                "softdepsAfter" => module with { SoftdepsAfter = Texts(ScenarioLimits.Dependencies) },
                "initNs" => module with { InitNs = Number() },
                "initSleepNs" => module with { InitSleepNs = Number() },
                "asyncProbeNs" => module with { AsyncProbeNs = Number() },
                "initError" => module with { InitError = TextOrNull() },
                _ => module with { IsMeasured = Boolean() },
            };
        }
        return module;
    }

    ScenarioAlias Alias(int index)
    {
        var alias = new ScenarioAlias("", []);
        var seen = 0u;
        while (Next(ScenarioFormat.Alias, ref seen, name => new("aliases", index, name)) is { } member)
            alias = member == "modalias" ? alias with { Modalias = Text() } : alias with { Modules = Texts(ScenarioLimits.Modaliases) };
        return alias;
    }

    ScenarioDevice Device(int index)
    {
        var device = new ScenarioDevice { Path = "" };
        var seen = 0u;
        while (Next(ScenarioFormat.Device, ref seen, name => new("devices", index, name)) is { } member)
        {
            device = member switch
            {
                "path" => device with { Path = Text() },
                "subsystem" => device with { Subsystem = Text() },
                "modaliases" => device with { Modaliases = Texts(ScenarioLimits.Modaliases) },
                "isPerCpu" => device with { IsPerCpu = Boolean() },
                _ => device with { AppearsWith = TextOrNull() },
            };
        }
        return device;
    }

    Dictionary<string, double> Costs()
    {
        var costs = new Dictionary<string, double>(StringComparer.Ordinal);
        var format = new ObjectFormat(0, [.. CostTable.All.Select(cost => cost.Name)]);
        var seen = 0u;
        while (Next(format, ref seen, name => new("costs", Name: name)) is { } member)
        {
            costs.Add(member, _json.TokenType is JsonTokenType.Number && _json.TryGetDouble(out var value) && double.IsFinite(value)
                ? value
                : throw Fail("must be a number"));
        }
        return costs;
    }

    /// <summary>Goes to the value of an object's next member; null at its end.</summary>
    /// <param name="seen">A bit for each member that has come; 0 before the first.</param>
    /// <param name="place">Where a member of that name stands.</param>
    string? Next(ObjectFormat format, ref uint seen, Func<string, ScenarioField> place)
    {
        if (seen == 0)
        {
            if (_json.TokenType is not JsonTokenType.StartObject)
                throw Fail("must be an object, {…}");
            // the highest bit says that the object was entered
            seen = 1u << 31;
        }
        _json.Read();
        if (_json.TokenType is JsonTokenType.EndObject)
        {
            for (var i = 0; i < format.Required; i++)
            {
                _at = place(format.Members[i]);
                if ((seen & 1u << i) == 0)
                    throw Fail("is missing");
            }
            return null;
        }
        var name = Text();
        _at = place(name);
        var index = Array.IndexOf(format.Members, name);
        if (index < 0)
            throw Fail($"there is no such field{Nearest.Hint(name, format.Members)}");
        if ((seen & 1u << index) != 0)
            throw Fail("comes twice");
        seen |= 1u << index;
        _json.Read();
        return name;
    }

    delegate T Element<T>(ref ScenarioReader reader, int index);

    List<T> List<T>(string section, int limit, Element<T> element)
    {
        RequireList();
        var items = new List<T>();
        while (_json.Read() && _json.TokenType is not JsonTokenType.EndArray)
        {
            _at = new(section, items.Count);
            if (items.Count == limit)
                throw Fail($"more than {limit}");
            items.Add(element(ref this, items.Count));
        }
        return items;
    }

    List<string> Texts(int limit)
    {
        RequireList();
        var list = _at;
        var items = new List<string>();
        while (_json.Read() && _json.TokenType is not JsonTokenType.EndArray)
        {
            _at = list with { Item = items.Count };
            if (items.Count == limit)
                throw Fail($"more than {limit}");
            items.Add(Text());
        }
        return items;
    }

    readonly void RequireList()
    {
        if (_json.TokenType is not JsonTokenType.StartArray)
            throw Fail("must be a list, […]");
    }

    string? TextOrNull() => _json.TokenType is JsonTokenType.Null ? null : Text();

    readonly string Text()
    {
        if (_json.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
            throw Fail("must be a text, \"…\"");
        if (_json.ValueSpan.Length > EscapedLength * ScenarioLimits.TextLength)
            throw Fail($"has more than {ScenarioLimits.TextLength} characters");
        try
        {
            return _json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Fail("is not valid UTF-8, or has half of a surrogate pair");
        }
    }

    readonly long Number() =>
        _json.TokenType is JsonTokenType.Number && _json.TryGetInt64(out var number) ? number : throw Fail("must be a whole number");

    readonly bool Boolean() =>
        _json.TokenType is JsonTokenType.True or JsonTokenType.False ? _json.GetBoolean() : throw Fail("must be true or false");

    readonly ModuleCompression Compression() =>
        Array.IndexOf(ScenarioFormat.Compressions, Text()) is >= 0 and var index
            ? (ModuleCompression)index
            : throw Fail($"is one of {string.Join(", ", ScenarioFormat.Compressions)}");

    readonly ScenarioException Fail(string problem)
    {
        var at = _at.ToString();
        return new($"{file}:{JsonPlace.LineOf(_text, _json.TokenStartIndex)}: {at}{(at.Length > 0 ? ": " : "")}{problem}");
    }
}
