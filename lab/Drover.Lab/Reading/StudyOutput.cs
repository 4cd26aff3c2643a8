using System.Text.Json;

namespace Drover.Lab.Reading;

/// <summary>A call as drover watch recorded it; result and syscall as in <see cref="ModuleCall"/>.</summary>
sealed record WatchedCall(string Syscall, string? Module, string? Result);

/// <summary>The part of a drover watch recording (docs/watch.md) that the lab checks.</summary>
sealed record WatchRecord(
    IReadOnlyList<WatchedCall> Calls, IReadOnlyList<string> Degraded, long InVainBytes, long WastedBytes,
    long LostEvents)
{
    /// <exception cref="FormatException">Not a recording, or without its end: watch was killed, or failed.</exception>
    public static WatchRecord Read(string text)
    {
        var (calls, degraded) = (new List<WatchedCall>(), new List<string>());
        try
        {
            foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var document = JsonDocument.Parse(line);
                var json = document.RootElement;
                switch (Text("type"))
                {
                    case "watch":
                        var items = json.GetProperty("degraded").EnumerateArray();
                        degraded.AddRange(items.Select(item => item.GetString()!));
                        break;
                    case "call" when Text("syscall") is { } syscall and not "delete_module":
                        calls.Add(new(syscall, Text("module"), Text("result")));
                        break;
                    case "totals":
                        return new(calls, degraded, Number("inVainBytes"), Number("wastedBytes"), Number("lostEvents"));
                }

                string? Text(string name) => json.GetProperty(name).GetString();
                long Number(string name) => json.GetProperty(name).GetInt64();
            }
        }
        catch (JsonException problem)
        {
            throw new FormatException($"watch.jsonl: {problem.Message}", problem);
        }
        throw new FormatException("watch.jsonl has no totals: drover watch ended early (see watch.err)");
    }

    /// <summary>The number of calls of one multiset that the other lacks.</summary>
    public static int Missing(IEnumerable<WatchedCall> expected, IEnumerable<WatchedCall> actual)
    {
        var counts = actual.CountBy(call => call).ToDictionary();
        return expected.CountBy(call => call).Sum(pair => Math.Max(0, pair.Value - counts.GetValueOrDefault(pair.Key)));
    }

    public static IEnumerable<WatchedCall> Nameless(IEnumerable<WatchedCall> calls) =>
        calls.Select(call => call with { Module = null });

    public static IReadOnlyList<WatchedCall> Of(IEnumerable<ModuleCall> traced) =>
        [.. traced.Select(call => new WatchedCall(call.Syscall, call.Module, call.Result))];
}

/// <summary>The part of a drover audit prediction (docs/audit.md) that the lab checks.</summary>
/// <param name="State">Whether modules were live at the time of the audit.</param>
/// <param name="Udev">Calls with udev as installed.</param>
/// <param name="Drover">Calls with Drover.</param>
sealed record AuditRecord(string State, int Udev, int Drover)
{
    /// <exception cref="FormatException">Not an audit: it failed, or printed something else.</exception>
    public static AuditRecord Read(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var boots = document.RootElement.GetProperty("boots").EnumerateArray().ToList();
            return new(document.RootElement.GetProperty("state").GetString()!, Calls(boots[0]), Calls(boots[1]));
        }
        catch (Exception problem)
            when (problem is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException)
        {
            throw new FormatException($"not an output of drover audit: {problem.Message} (see audit.err)", problem);
        }
    }

    static int Calls(JsonElement boot) =>
        boot.GetProperty("calls").EnumerateObject().Sum(calls => calls.Value.GetInt32());
}
