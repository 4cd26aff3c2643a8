namespace Drover.Report;

/// <summary>Bytes in vain of one module, in each of several recordings. Changed while it is made, here alone.</summary>
sealed record ModuleWaste(string Module, long[] Bytes, long[] Calls)
{
    /// <summary>Modules shown each by itself.</summary>
    public const int Most = 15;

    /// <summary>Those that cost most, and the others as one: together what the recordings' calls cost. Modules that cost nothing are left out.</summary>
    public static List<ModuleWaste> Of(IReadOnlyList<Recording> recordings)
    {
        var modules = new Dictionary<string, ModuleWaste>(StringComparer.Ordinal);
        for (var i = 0; i < recordings.Count; i++)
        {
            foreach (var call in recordings[i].Calls)
            {
                if (call.Kind is not BarKind.Failed)
                    continue;
                if (!modules.TryGetValue(call.Module, out var sums))
                    modules.Add(call.Module, sums = new ModuleWaste(call.Module, new long[recordings.Count], new long[recordings.Count]));
                sums.Bytes[i] += call.InVainBytes;
                sums.Calls[i]++;
            }
        }
        List<ModuleWaste> all = [.. modules.Values];
        all.Sort((one, other) => Total(one.Bytes) != Total(other.Bytes) ? Total(other.Bytes).CompareTo(Total(one.Bytes)) : string.CompareOrdinal(one.Module, other.Module));
        return all.Count <= Most ? all : [.. all[..(Most - 1)], Together(all[(Most - 1)..], recordings.Count)];
    }

    public static long Total(long[] of)
    {
        var total = 0L;
        foreach (var one in of)
            total += one;
        return total;
    }

    static ModuleWaste Together(List<ModuleWaste> others, int recordings)
    {
        var (bytes, calls) = (new long[recordings], new long[recordings]);
        foreach (var other in others)
        {
            for (var i = 0; i < recordings; i++)
            {
                bytes[i] += other.Bytes[i];
                calls[i] += other.Calls[i];
            }
        }
        return new ModuleWaste($"{others.Count} others", bytes, calls);
    }
}
