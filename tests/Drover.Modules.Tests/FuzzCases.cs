using System.Globalization;

namespace Drover.Modules.Tests;

/// <summary>Runs a case for many seeds: <c>DROVER_FUZZ</c> is their number, <c>DROVER_FUZZ_SEED</c> the only one, to
/// replay a failure.</summary>
static class FuzzCases
{
    const int DefaultCount = 3_000;

    /// <param name="test">The calling test's name, for the replay command.</param>
    /// <param name="run">One case; an exception fails the test with its seed.</param>
    /// <param name="share">This test's part of all cases, in percent.</param>
    public static void Run(string test, Action<int> run, int share = 100)
    {
        if (Number("DROVER_FUZZ_SEED") is int one)
        {
            run(one);
            return;
        }
        var count = (int)((long)(Number("DROVER_FUZZ") ?? DefaultCount) * share / 100);
        for (var seed = 0; seed < count; seed++)
        {
            try
            {
                run(seed);
            }
            catch (Exception problem)
            {
                Assert.Fail(
                    $"seed {seed}: {problem}\nreplay: DROVER_FUZZ_SEED={seed} "
                    + $"dotnet run --project tests/Drover.Modules.Tests -c Release -- -method \"*{test}\"");
            }
        }
    }

    /// <summary>All elements in a long run, otherwise <paramref name="count"/> drawn with a fixed seed.</summary>
    public static T[] Sample<T>(T[] all, int count)
    {
        if (Number("DROVER_FUZZ") is not null || all.Length <= count) return all;
        T[] drawn = [.. all];
        new Random(1).Shuffle(drawn);
        return drawn[..count];
    }

    static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number)
            ? number : null;
}
