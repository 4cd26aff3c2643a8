using System.Diagnostics;
using Drover.Modules;
using Drover.Modules.Tests;
using Drover.Modules.Tests.Kmod;

namespace Drover.Bench;

/// <summary>Microseconds of a look-up over every alias of the Debian kernel made concrete, beside libkmod's on the same texts in the same run.</summary>
internal static class LookupBench
{
    /// <summary>A text's time is the fastest of so many rounds: what the work costs, not what the machine did meanwhile.</summary>
    private const int Rounds = 15;

    private const int MostFill = 4;

    public static int Run()
    {
        if (KernelTree.InCache("6.1") is not { } tree)
        {
            Console.Error.WriteLine("Debian's 6.1 kernel is not in the cache: run './test' first, whose tests fetch it");
            return 1;
        }
        Random random = new(1);
        string[] asked = AliasText.PatternsOf($"{tree.Directory}/modules.alias").Select(p => AliasText.Concrete(p, random, MostFill)).ToArray();
        string[] misses = Enumerable.Range(0, 1000).Select(i => $"nothing:v{i:X4}d{i * 7:X4}").ToArray();
        // what every CPU of a large server asks for, 2 KiB long
        string cpu = $"cpu:type:x86,ven0000fam0006mod008F:feature:{string.Concat(Enumerable.Range(0, 400).Select(feature => $",{feature:X4}"))}";
        string none = Directory.CreateTempSubdirectory("drover-bench-").FullName;
        try
        {
            Measure(tree, none, [.. asked, .. misses, cpu], asked.Length);
        }
        finally
        {
            Directory.Delete(none);
        }
        return 0;
    }

    private static void Measure(KernelTree tree, string noConfig, string[] asked, int hits)
    {
        ModuleCatalog catalog = new(ModuleTree.Open(tree.Directory), ModprobeConfig.Empty);
        double[] ours = Nanoseconds(catalog, asked);
        double[]? theirs = null;
        if (KmodOracle.Get(out string why) is { } kmod)
        {
            theirs = kmod.Nanoseconds(tree.Directory, noConfig, asked, Rounds);
            string[] answers = kmod.Answers(tree.Directory, noConfig, asked);
            int different = Enumerable.Range(0, asked.Length).Count(i => answers[i] != string.Join(' ', catalog.Resolve(asked[i]).Modules));
            Console.WriteLine($"answers that differ from libkmod's: {different} of {asked.Length}");
        }
        else
        {
            Console.WriteLine(why);
        }

        Console.WriteLine($"kernel {tree.Release}; µs a look-up, the fastest of {Rounds} rounds for each text");
        Console.WriteLine($"{"family",-16}{"texts",8}{"drover",10}{"libkmod",10}{"ratio",8}");
        var families = Enumerable.Range(0, hits).GroupBy(i => AliasText.Family(asked[i])).OrderByDescending(f => f.Count()).ToArray();
        foreach (var family in families.Take(16)) Row(family.Key, [.. family], ours, theirs);
        Row("(the rest)", [.. families.Skip(16).SelectMany(f => f)], ours, theirs);
        Row("all", [.. Enumerable.Range(0, hits)], ours, theirs);
        Row("a miss", [.. Enumerable.Range(hits, asked.Length - hits - 1)], ours, theirs);
        Row("a whole cpu:", [asked.Length - 1], ours, theirs);
    }

    private static double[] Nanoseconds(ModuleCatalog catalog, string[] asked)
    {
        double[] best = new double[asked.Length];
        Array.Fill(best, double.MaxValue);
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < asked.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                catalog.Resolve(asked[i]);
                double took = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
                if (took < best[i]) best[i] = took;
            }
        }
        return best;
    }

    private static void Row(string name, int[] texts, double[] ours, double[]? theirs)
    {
        double mine = texts.Average(i => ours[i]) / 1000;
        string row = $"{name,-16}{texts.Length,8}{mine,10:F2}";
        if (theirs is not null)
        {
            double other = texts.Average(i => theirs[i]) / 1000;
            row += $"{other,10:F2}{other / mine,8:F1}";
        }
        Console.WriteLine(row);
    }
}
