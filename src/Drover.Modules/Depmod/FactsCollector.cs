namespace Drover.Modules.Depmod;

/// <summary>Gets the facts of all modules: from the cache where a file has not changed, else from the file, on several threads. Stateless.</summary>
internal static class FactsCollector
{
    /// <summary>Sets <see cref="FoundModule.Facts"/> of all modules.</summary>
    /// <param name="cache">What is known from before, or null.</param>
    /// <returns>What the facts' needs are numbers of.</returns>
    public static NeedTable Collect(FoundModule[] modules, DepmodCache? cache, int threads)
    {
        var needs = new NeedTable();
        var unknown = new List<FoundModule>(modules.Length);
        var known = cache?.ReadFacts(needs);
        foreach (var module in modules)
        {
            if (known is not null && module.Identity is { } identity && known.TryGetValue(module.Path, out var entry) && entry.Identity == identity)
                module.Facts = entry.Facts;
            else
                unknown.Add(module);
        }
        // the largest first: it must not be what everybody waits for at the end
        unknown.Sort(static (a, b) => (b.Identity?.Bytes ?? 0).CompareTo(a.Identity?.Bytes ?? 0));

        var readers = new List<(FactsReader Reader, List<FoundModule> Read)>();
        Workers.Run(threads, unknown.Count, () =>
        {
            var reader = new FactsReader();
            var read = new List<FoundModule>();
            lock (readers)
                readers.Add((reader, read));
            return number =>
            {
                unknown[number].Facts = reader.Read(unknown[number].Path);
                read.Add(unknown[number]);
            };
        });
        foreach (var (reader, read) in readers)
        {
            reader.Forget();
            var numbers = needs.AddAll(reader.Needs);
            foreach (var module in read)
                module.Facts.Renumber(numbers);
        }
        // buffers as large as the largest module are garbage now, and what follows would be made beside them
        if (unknown.Exists(module => ModuleFile.CompressionOf(module.Path) is not ModuleCompression.None))
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return needs;
    }
}
