namespace Drover.Fuzz;

/// <summary>Runs the corpus without a fuzzer.</summary>
static class Replay
{
    /// <summary>Branches taken for one input; the longest of the corpus takes half a million. It bounds what an input
    /// can cost, on a machine of any speed.</summary>
    const long MaxSteps = 20_000_000;

    static long s_steps;

    /// <summary>Counts a branch; an input that takes too many of them is ended.</summary>
    public static void Count()
    {
        if (++s_steps > MaxSteps)
            throw new FuzzFault($"more than {MaxSteps} branches: a hang");
    }

    /// <returns>1 if an input is a fault.</returns>
    public static int Run(string corpus)
    {
        var (failed, total) = (0, 0L);
        foreach (var target in FuzzTarget.All)
        {
            var files = Directory.GetFiles($"{corpus}/{target.Name}").Order(StringComparer.Ordinal).ToArray();
            var (most, sum) = (0L, 0L);
            foreach (var file in files)
            {
                // a crash of the process shows in the last line
                Console.Write($"{file}: ");
                s_steps = 0;
                try
                {
                    target.Run(File.ReadAllBytes(file));
                    Console.WriteLine($"{s_steps} branches");
                }
                catch (Exception fault)
                {
                    failed++;
                    Console.WriteLine($"FAULT: {fault}");
                }
                (most, sum) = (Math.Max(most, s_steps), sum + s_steps);
            }
            total += sum;
            Console.WriteLine($"{target.Name}: {files.Length} inputs, {sum} branches, at most {most} for one");
        }
        if (total == 0)
            Console.WriteLine("FAULT: no branch was counted: 'instrument' was not run");
        return failed > 0 || total == 0 ? 1 : 0;
    }
}
