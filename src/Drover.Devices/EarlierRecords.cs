using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Drover.Control;
using Drover.Modules.Containers;
using Drover.Text;

namespace Drover.Devices;

/// <summary>The records of a daemon as a text for the next daemon of the same boot: who asked for which module, and
/// what became of it. They are shown, and decide nothing. Three lines: a head with the boot, JSON, a checksum.
/// </summary>
public static class EarlierRecords
{
    /// <summary>Limit of the text. A record takes some 700 bytes.</summary>
    public const int MaxBytes = 1 << 20;

    const string Head = "drover records 1 ", End = "end ";

    /// <param name="boot">Names the boot (/proc/sys/kernel/random/boot_id).</param>
    /// <param name="modules">What does not fit is left out, the newest first.</param>
    public static byte[] Format(string boot, IReadOnlyList<ModuleRecord> modules)
    {
        for (var count = modules.Count; ; count /= 2)
        {
            var text = new ArrayBufferWriter<byte>();
            text.Write(ByteText.BytesOf($"{Head}{boot}\n"));
            using (var json = new Utf8JsonWriter(text))
            {
                json.WriteStartArray();
                for (var i = 0; i < count; i++)
                {
                    json.WriteStartObject();
                    ModuleRecordJson.Write(json, modules[i]);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            text.Write("\n"u8);
            text.Write(EndOf(text.WrittenSpan));
            if (text.WrittenCount <= MaxBytes)
                return text.WrittenSpan.ToArray();
        }
    }

    /// <summary>Null for a text of another boot or format, or a damaged one.</summary>
    public static IReadOnlyList<ModuleRecord>? TryParse(ReadOnlyMemory<byte> text, string boot)
    {
        var head = ByteText.BytesOf($"{Head}{boot}\n");
        var end = text.Span.LastIndexOf(Encoding.ASCII.GetBytes($"\n{End}")) + 1;
        if (text.Length > MaxBytes || end <= head.Length || !text.Span.StartsWith(head)
            || !text.Span[end..].SequenceEqual(EndOf(text.Span[..end])))
        {
            return null;
        }
        try
        {
            using var document = JsonDocument.Parse(text[head.Length..end]);
            if (document.RootElement.ValueKind is not JsonValueKind.Array)
                return null;
            var modules = new List<ModuleRecord>();
            foreach (var item in document.RootElement.EnumerateArray())
            {
                if (ModuleRecordJson.TryRead(item) is not { } module)
                    return null;
                modules.Add(module);
            }
            return modules;
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    static byte[] EndOf(ReadOnlySpan<byte> text) => Encoding.ASCII.GetBytes(
        $"{End}{Checksums.Crc64(text).ToString("x16", CultureInfo.InvariantCulture)}\n");
}
