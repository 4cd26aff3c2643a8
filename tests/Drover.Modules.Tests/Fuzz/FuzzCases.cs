using System.Globalization;

namespace Drover.Modules.Tests.Fuzz;

/// <summary>
/// Runs a case for many seeds. <c>DROVER_FUZZ</c> says how many (a slice without it), <c>DROVER_FUZZ_SEED</c> replays the one that failed.
/// </summary>
internal static class FuzzCases
{
    private const int Slice = 3_000;

    /// <param name="test">The calling test's name, for the replay command.</param>
    /// <param name="run">One case; whatever it throws fails the test with its seed.</param>
    /// <param name="share">The part of all cases that are this test's, in percent.</param>
    public static void Run(string test, Action<int> run, int share = 100)
    {
        if (Number("DROVER_FUZZ_SEED") is int one)
        {
            run(one);
            return;
        }
        int count = (int)((long)(Number("DROVER_FUZZ") ?? Slice) * share / 100);
        for (int seed = 0; seed < count; seed++)
        {
            try
            {
                run(seed);
            }
            catch (Exception problem)
            {
                Assert.Fail($"seed {seed}: {problem}\nreplay: DROVER_FUZZ_SEED={seed} dotnet run --project tests/Drover.Modules.Tests -c Release -- -method \"*{test}\"");
            }
        }
    }

    /// <summary>All of them in a long run, otherwise <paramref name="count"/> drawn with a fixed seed.</summary>
    public static T[] Sample<T>(T[] all, int count)
    {
        if (Number("DROVER_FUZZ") is not null || all.Length <= count) return all;
        T[] drawn = [.. all];
        new Random(1).Shuffle(drawn);
        return drawn[..count];
    }

    private static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int number) ? number : null;
}
