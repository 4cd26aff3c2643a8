namespace Drover.Report;

/// <summary>Bytes in vain of one module, in each of several recordings. Immutable.</summary>
sealed record ModuleWaste(string Module, IReadOnlyList<long> Bytes, IReadOnlyList<long> Calls)
{
    /// <summary>Modules shown each by itself.</summary>
    public const int Most = 15;

    /// <summary>Those that cost most, and the others as one: together what the recordings' calls cost. Modules that cost nothing are left out.</summary>
    public static List<ModuleWaste> Of(IReadOnlyList<Recording> recordings)
    {
        var modules = new Dictionary<string, (long[] Bytes, long[] Calls)>(StringComparer.Ordinal);
        for (var i = 0; i < recordings.Count; i++)
        {
            foreach (var call in recordings[i].Calls)
            {
                if (call.Kind is not BarKind.Failed)
                    continue;
                if (!modules.TryGetValue(call.Module, out var sums))
                    modules.Add(call.Module, sums = (new long[recordings.Count], new long[recordings.Count]));
                sums.Bytes[i] += call.InVainBytes;
                sums.Calls[i]++;
            }
        }
        var all = new List<ModuleWaste>(modules.Count);
        foreach (var (module, (bytes, calls)) in modules)
            all.Add(new ModuleWaste(module, bytes, calls));
        all.Sort((one, other) => Total(one.Bytes) != Total(other.Bytes) ? Total(other.Bytes).CompareTo(Total(one.Bytes)) : string.CompareOrdinal(one.Module, other.Module));
        return all.Count <= Most ? all : [.. all[..(Most - 1)], Together(all[(Most - 1)..], recordings.Count)];
    }

    public static long Total(IReadOnlyList<long> of)
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
