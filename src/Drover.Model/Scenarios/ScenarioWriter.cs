using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Drover.Modules;

namespace Drover.Model;

/// <summary>A scenario as its document: what is empty, zero or false is left out. Stateless.</summary>
static class ScenarioWriter
{
    static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(Scenario scenario)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(text, Options))
            Write(scenario, json);
        text.Write("\n"u8);
        return text.WrittenSpan.ToArray();
    }

    static void Write(Scenario scenario, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("format", ScenarioFormat.Format);
        json.WriteNumber("version", ScenarioFormat.Version);
        json.WriteString("name", scenario.Name);
        WriteText(json, "description", scenario.Description);
        WriteText(json, "kernel", scenario.Kernel);
        json.WriteNumber("cpus", scenario.Cpus);
        json.WriteNumber("memoryBytes", scenario.MemoryBytes);
        if (scenario.Compression is not ModuleCompression.None)
            json.WriteString("compression", ScenarioFormat.Compressions[(int)scenario.Compression]);
        if (scenario.Costs.Count > 0)
        {
            json.WriteStartObject("costs");
            foreach (var (name, value) in scenario.Costs.OrderBy(cost => cost.Key, StringComparer.Ordinal))
                json.WriteNumber(name, value);
            json.WriteEndObject();
        }
        WriteList(json, "modules", scenario.Modules, Write);
        WriteList(json, "aliases", scenario.Aliases, Write);
        WriteList(json, "devices", scenario.Devices, Write);
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, ScenarioModule module)
    {
        json.WriteString("name", module.Name);
        json.WriteNumber("fileBytes", module.FileBytes);
        json.WriteNumber("elfBytes", module.ElfBytes);
        json.WriteNumber("imageBytes", module.ImageBytes);
        WriteNumber(json, "textBytes", module.TextBytes);
        WriteTexts(json, "dependencies", module.Dependencies);
        WriteTexts(json, "softdepsBefore", module.SoftdepsBefore);
        WriteTexts(json, "softdepsAfter", module.SoftdepsAfter);
        WriteNumber(json, "initNs", module.InitNs);
        WriteNumber(json, "initSleepNs", module.InitSleepNs);
        WriteNumber(json, "asyncProbeNs", module.AsyncProbeNs);
        WriteText(json, "initError", module.InitError ?? "");
        WriteBoolean(json, "isMeasured", module.IsMeasured);
    }

    static void Write(Utf8JsonWriter json, ScenarioAlias alias)
    {
        json.WriteString("modalias", alias.Modalias);
        json.WriteStartArray("modules");
        foreach (var module in alias.Modules)
            json.WriteStringValue(module);
        json.WriteEndArray();
    }

    static void Write(Utf8JsonWriter json, ScenarioDevice device)
    {
        json.WriteString("path", device.Path);
        WriteText(json, "subsystem", device.Subsystem);
        WriteTexts(json, "modaliases", device.Modaliases);
        WriteBoolean(json, "isPerCpu", device.IsPerCpu);
        WriteText(json, "appearsWith", device.AppearsWith ?? "");
    }

    static void WriteList<T>(Utf8JsonWriter json, string name, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    static void WriteText(Utf8JsonWriter json, string name, string value)
    {
        if (value.Length > 0)
            json.WriteString(name, value);
    }

    static void WriteNumber(Utf8JsonWriter json, string name, long value)
    {
        if (value != 0)
            json.WriteNumber(name, value);
    }

    static void WriteBoolean(Utf8JsonWriter json, string name, bool value)
    {
        if (value)
            json.WriteBoolean(name, value);
    }

    static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
            return;
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
