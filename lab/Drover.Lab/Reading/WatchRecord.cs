using System.Text.Json;

namespace Drover.Lab.Reading;

/// <summary>A call as drover watch recorded it; result and syscall as in <see cref="ModuleCall"/>.</summary>
sealed record WatchedCall(string Syscall, string? Module, string? Result);

/// <summary>What drover watch recorded (docs/watch.md), of which the lab reads what it can check.</summary>
sealed record WatchRecord(IReadOnlyList<WatchedCall> Calls, IReadOnlyList<string> Degraded, long InVainBytes, long WastedBytes, long LostEvents)
{
    /// <exception cref="FormatException">It is no recording, or has no end: watch was killed, or failed.</exception>
    public static WatchRecord Read(string text)
    {
        var (calls, degraded) = (new List<WatchedCall>(), new List<string>());
        try
        {
            foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                using var document = JsonDocument.Parse(line);
                var json = document.RootElement;
                switch (json.GetProperty("type").GetString())
                {
                    case "watch":
                        degraded.AddRange(json.GetProperty("degraded").EnumerateArray().Select(item => item.GetString()!));
                        break;
                    case "call" when json.GetProperty("syscall").GetString() is { } syscall and not "delete_module":
                        calls.Add(new(syscall, json.GetProperty("module").GetString(), json.GetProperty("result").GetString()));
                        break;
                    case "totals":
                        return new(calls, degraded, json.GetProperty("inVainBytes").GetInt64(), json.GetProperty("wastedBytes").GetInt64(), json.GetProperty("lostEvents").GetInt64());
                }
            }
        }
        catch (JsonException problem)
        {
            throw new FormatException($"watch.jsonl: {problem.Message}", problem);
        }
        throw new FormatException("watch.jsonl has no totals: drover watch did not end as it should (watch.err tells more)");
    }

    /// <summary>How many of these are not among those, each as often as it is there.</summary>
    public static int Missing(IEnumerable<WatchedCall> all, IEnumerable<WatchedCall> there)
    {
        var counts = there.CountBy(call => call).ToDictionary();
        return all.CountBy(call => call).Sum(pair => Math.Max(0, pair.Value - counts.GetValueOrDefault(pair.Key)));
    }

    /// <summary>By system call and result alone.</summary>
    public static IEnumerable<WatchedCall> Nameless(IEnumerable<WatchedCall> calls) => calls.Select(call => call with { Module = null });

    /// <summary>As the trace has them.</summary>
    public static IReadOnlyList<WatchedCall> Of(IEnumerable<ModuleCall> traced) => [.. traced.Select(call => new WatchedCall(call.Syscall, call.Module, call.Result))];
}
