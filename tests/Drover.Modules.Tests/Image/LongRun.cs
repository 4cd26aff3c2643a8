using System.Globalization;

namespace Drover.Modules.Tests.Image;

/// <summary>How long the random tests run: DROVER_FUZZ=100000 for the long run; DROVER_FUZZ_SEED=N for one case alone.</summary>
static class LongRun
{
    public static int? Mutations { get; } = Number("DROVER_FUZZ");

    public static int? Seed { get; } = Number("DROVER_FUZZ_SEED");

    /// <summary>All of them in the long run, otherwise <paramref name="count"/> drawn with a fixed seed.</summary>
    public static T[] Sample<T>(T[] all, int count)
    {
        if (Mutations is not null || all.Length <= count)
            return all;
        var drawn = (T[])all.Clone();
        new Random(1).Shuffle(drawn);
        return drawn[..count];
    }

    static int? Number(string name)
        => int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
