using System.Text.Json;

namespace Drover.Lab.Reading;

/// <summary>What drover audit predicted (docs/audit.md), of which the lab reads what it can check.</summary>
/// <param name="State">Whether modules were live when it looked.</param>
/// <param name="Udev">Calls with udev as it is there.</param>
/// <param name="Drover">Calls with Drover.</param>
sealed record AuditRecord(string State, int Udev, int Drover)
{
    /// <exception cref="FormatException">It is no audit: it failed, or printed something else.</exception>
    public static AuditRecord Read(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var boots = document.RootElement.GetProperty("boots").EnumerateArray().ToList();
            return new(document.RootElement.GetProperty("state").GetString()!, Calls(boots[0]), Calls(boots[1]));
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentOutOfRangeException)
        {
            throw new FormatException($"what drover audit printed cannot be read: {problem.Message} (audit.err tells more)", problem);
        }
    }

    static int Calls(JsonElement boot) => boot.GetProperty("calls").EnumerateObject().Sum(calls => calls.Value.GetInt32());
}
