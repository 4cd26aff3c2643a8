using System.Text.Encodings.Web;
using System.Text.Json;
using Drover.Text;

namespace Drover.Lab.Host;

/// <summary>Reports as JSON files. Safe for concurrent use.</summary>
static class ReportFile
{
    static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectRequiredConstructorParameters = true,
    };

    /// <exception cref="JsonException">Not such a report, or one of an older lab with fewer members.</exception>
    public static T Read<T>(string file) =>
        JsonSerializer.Deserialize<T>(File.ReadAllText(file), s_json) ?? throw new JsonException();

    /// <summary>The report, or null if there is no such file, or it is of an older lab.</summary>
    public static T? ReadIfPresent<T>(string file)
        where T : class
    {
        try
        {
            return File.Exists(file) ? Read<T>(file) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Replaces the file in one step, and makes its directory.</summary>
    public static void Write<T>(string file, T report)
    {
        var full = Path.GetFullPath(file);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        AtomicFile.WriteAllText(full, JsonSerializer.Serialize(report, s_json) + "\n");
    }
}
