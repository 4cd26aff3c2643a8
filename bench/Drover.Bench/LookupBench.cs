using System.Diagnostics;
using Drover.Modules.Config;
using Drover.Modules.Tests;
using Drover.Modules.Tree;

namespace Drover.Bench;

/// <summary>Microseconds a look-up, for a text that matches each alias of the Debian kernel, compared with libkmod on
/// the same texts in the same run.</summary>
static class LookupBench
{
    /// <summary>The time of a text is the minimum over the rounds, which excludes other load of the machine.</summary>
    const int Rounds = 15;

    const int MaxFill = 4;

    public static int Run()
    {
        if (KernelTree.InCache("6.1") is not { } tree)
        {
            Console.Error.WriteLine(
                "Debian's 6.1 kernel is not in the cache: run './test' first, which downloads it");
            return 1;
        }
        Random random = new(1);
        var aliases = AliasText.PatternsOf($"{tree.Directory}/modules.alias")
            .Select(p => AliasText.Concrete(p, random, MaxFill)).ToArray();
        var misses = Enumerable.Range(0, 1000).Select(i => $"nothing:v{i:X4}d{i * 7:X4}").ToArray();
        // the modalias of each CPU of a large server, 2 KiB long
        var features = string.Concat(Enumerable.Range(0, 400).Select(feature => $",{feature:X4}"));
        var cpu = $"cpu:type:x86,ven0000fam0006mod008F:feature:{features}";
        var none = Directory.CreateTempSubdirectory("drover-bench-").FullName;
        try
        {
            Measure(tree, none, [.. aliases, .. misses, cpu], aliases.Length);
        }
        finally
        {
            Directory.Delete(none);
        }
        return 0;
    }

    static void Measure(KernelTree tree, string noConfig, string[] aliases, int hits)
    {
        ModuleCatalog catalog = new(ModuleTree.Open(tree.Directory), ModprobeConfig.Empty);
        var ours = Nanoseconds(catalog, aliases);
        double[]? theirs = null;
        if (KmodOracle.Get(out var why) is { } kmod)
        {
            theirs = kmod.Nanoseconds(tree.Directory, noConfig, aliases, Rounds);
            var answers = kmod.Answers(tree.Directory, noConfig, aliases);
            var different = Enumerable.Range(0, aliases.Length)
                .Count(i => answers[i] != string.Join(' ', catalog.Resolve(aliases[i]).Modules));
            Console.WriteLine($"answers that differ from libkmod's: {different} of {aliases.Length}");
        }
        else
        {
            Console.WriteLine(why);
        }

        Console.WriteLine($"kernel {tree.Release}; µs a look-up, minimum of {Rounds} rounds for each text");
        Console.WriteLine($"{"family",-16}{"texts",8}{"drover",10}{"libkmod",10}{"ratio",8}");
        var families = Enumerable.Range(0, hits).GroupBy(i => AliasText.Family(aliases[i]))
            .OrderByDescending(f => f.Count()).ToArray();
        foreach (var family in families.Take(16)) Row(family.Key, [.. family], ours, theirs);
        Row("(the rest)", [.. families.Skip(16).SelectMany(f => f)], ours, theirs);
        Row("all", [.. Enumerable.Range(0, hits)], ours, theirs);
        Row("a miss", [.. Enumerable.Range(hits, aliases.Length - hits - 1)], ours, theirs);
        Row("a whole cpu:", [aliases.Length - 1], ours, theirs);
    }

    static double[] Nanoseconds(ModuleCatalog catalog, string[] aliases)
    {
        var best = new double[aliases.Length];
        Array.Fill(best, double.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < aliases.Length; i++)
            {
                var start = Stopwatch.GetTimestamp();
                catalog.Resolve(aliases[i]);
                var took = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
                if (took < best[i]) best[i] = took;
            }
        }
        return best;
    }

    static void Row(string name, int[] texts, double[] ours, double[]? theirs)
    {
        var mine = texts.Average(i => ours[i]) / 1000;
        var row = $"{name,-16}{texts.Length,8}{mine,10:F2}";
        if (theirs is not null)
        {
            var other = texts.Average(i => theirs[i]) / 1000;
            row += $"{other,10:F2}{other / mine,8:F1}";
        }
        Console.WriteLine(row);
    }
}
