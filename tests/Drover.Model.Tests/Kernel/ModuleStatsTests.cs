using CsCheck;

namespace Drover.Model.Tests;

/// <summary>The kernel's text, byte for byte, and back. The sample is of a real kernel (6.12 with the early check, 16 CPUs, udev).</summary>
public sealed class ModuleStatsTests
{
    static string Sample => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", "modules-stats.txt"));

    [Fact]
    public void A_real_kernels_text_is_read()
    {
        var stats = ModuleStats.Parse(Sample);
        Assert.Equal((21, 138, 2), (stats.EverLoaded, stats.FailedBecoming, stats.FailedLoad));
        Assert.Equal((782_336, 364_544), (stats.TotalModuleBytes, stats.TotalTextBytes));
        Assert.Equal((5_586_456, 1_031_584, 6_618_040), (stats.FailedBecomingBytes, stats.FailedLoadBytes, stats.WastedBytes));
        Assert.Equal(6, stats.Duplicates.Count);
        Assert.Equal(new DuplicateFailure("powernow_k8", 30, DuplicateReason.Becoming), stats.Duplicates[0]);
    }

    [Fact]
    public void And_is_written_byte_for_byte() => Assert.Equal(Sample, ModuleStats.Parse(Sample).ToText());

    [Fact]
    public void Whatever_is_written_is_read_back()
    {
        var count = Gen.Long[0, 1L << 40];
        var duplicate = Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 20], Gen.Long[1, 1000], Gen.Int[1, 3], (name, times, reason) => new DuplicateFailure(name, times, (DuplicateReason)reason));
        Gen.Select(count.Array[11], duplicate.Array[0, 5]).Sample((values, duplicates) =>
        {
            var stats = new ModuleStats
            {
                EverLoaded = values[0],
                FailedKread = values[1],
                FailedDecompress = values[2],
                FailedBecoming = values[3],
                FailedLoad = values[4],
                TotalModuleBytes = values[5],
                TotalTextBytes = values[6],
                FailedKreadBytes = values[7],
                FailedDecompressBytes = values[8],
                FailedBecomingBytes = values[9],
                FailedLoadBytes = values[10],
                Duplicates = duplicates,
            };
            var read = ModuleStats.Parse(stats.ToText());
            Assert.Equal(duplicates, read.Duplicates);
            Assert.Equal(stats, read with { Duplicates = stats.Duplicates });
        }, iter: 500);
    }

    [Theory]
    [InlineData("", "no line 'Mods ever loaded'")]
    [InlineData("hello", "line 1: not a line")]
    [InlineData("Mods ever loaded\tmany", "line 1: 'many' is no number")]
    [InlineData("Mods ever loaded\t-1", "line 1: '-1' is no number")]
    [InlineData("\nDuplicate failed modules:\na\t1\tWhim", "line 3: unknown reason 'Whim'")]
    [InlineData("Duplicate failed modules:\na\t1", "line 2: not a line")]
    public void What_is_no_such_text_is_told_with_its_line(string text, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => ModuleStats.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_module_that_is_a_duplicate_again_is_counted_in_its_line_the_newest_first()
    {
        var counter = new StatsCounter();
        counter.Duplicate("a", DuplicateReason.Becoming);
        counter.Duplicate("b", DuplicateReason.Load);
        counter.Duplicate("a", DuplicateReason.Load);
        Assert.Equal([new("b", 1, DuplicateReason.Load), new("a", 2, DuplicateReason.Becoming | DuplicateReason.Load)], counter.Snapshot().Duplicates);
    }
}
