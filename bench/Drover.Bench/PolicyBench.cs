using System.Diagnostics;
using Drover.Modules.Config;

namespace Drover.Bench;

/// <summary>Microseconds that a policy adds to the look-up of one module, by the number of its lines.</summary>
static class PolicyBench
{
    const int Rounds = 200;

    public static int Run()
    {
        PolicyQuestion[] questions =
        [
            .. Enumerable.Range(0, 1000).Select(i => new PolicyQuestion(
                $"driver_{i * 7 % 1000}", $"pci:v{i * 31:X8}d{i * 17:X8}sv00001043sd00008694bc02sc00i00",
                $"/lib/modules/6.12.0/kernel/drivers/net/driver_{i}.ko")),
        ];
        Console.WriteLine($"µs a question, the mean of the best of {Rounds} rounds");
        foreach (var lines in (int[])[0, 10, 100, 1000, 10_000])
            Console.WriteLine($"{lines,6} lines {Measure(PolicyOf(lines), questions) / 1000,8:F2}");
        return 0;
    }

    /// <summary>Names, patterns of names and modaliases, as a distribution and an administrator would write.</summary>
    static ModulePolicy PolicyOf(int lines) => ModulePolicy.Parse(string.Join('\n', Enumerable.Range(0, lines)
        .Select(i => (i % 5) switch
        {
            0 or 1 => $"forbid driver_{i} because of line {i}",
            2 => $"allow family{i}_*",
            3 => $"forbid pci:v{i * 31:X8}d*sv*",
            _ => $"warn snd_{i}?",
        }).Append("default allow").Append("forbid path:/lib/modules/*/updates/*")));

    static double Measure(ModulePolicy policy, PolicyQuestion[] questions)
    {
        var best = double.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            foreach (var question in questions)
                policy.Ask(question);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / questions.Length);
        }
        return best;
    }
}
