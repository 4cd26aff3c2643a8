using CsCheck;
using Drover.Model.Kernel;

namespace Drover.Model.Tests.Kernel;

/// <summary>The kernel's text and back. The sample is of a real kernel (6.12 with the early check,
/// 16 CPUs, udev).</summary>
public sealed class ModuleStatsTests
{
    static string Sample => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data", "modules-stats.txt"));

    [Fact]
    public void Parse_reads_the_text_of_a_real_kernel()
    {
        var stats = ModuleStats.Parse(Sample);
        Assert.Equal((21, 138, 2), (stats.EverLoaded, stats.FailedBecoming, stats.FailedLoad));
        Assert.Equal((782_336, 364_544), (stats.TotalModuleBytes, stats.TotalTextBytes));
        Assert.Equal(
            (5_586_456, 1_031_584, 6_618_040), (stats.FailedBecomingBytes, stats.FailedLoadBytes, stats.WastedBytes));
        Assert.Equal(6, stats.Duplicates.Count);
        Assert.Equal(new DuplicateFailure("powernow_k8", 30, DuplicateReason.Becoming), stats.Duplicates[0]);
    }

    [Fact]
    public void ToText_reproduces_the_text_of_a_real_kernel() =>
        Assert.Equal(Sample, ModuleStats.Parse(Sample).ToText());

    [Fact]
    public void Parse_returns_what_ToText_has_written()
    {
        var count = Gen.Long[0, 1L << 40];
        var duplicate = Gen.Select(
            Gen.String[Gen.Char.AlphaNumeric, 1, 20], Gen.Long[1, 1000], Gen.Int[1, 3],
            (name, times, reason) => new DuplicateFailure(name, times, (DuplicateReason)reason));
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
    [InlineData("Mods ever loaded\tmany", "line 1: 'many' is not a number")]
    [InlineData("Mods ever loaded\t-1", "line 1: '-1' is not a number")]
    [InlineData("\nDuplicate failed modules:\na\t1\tWhim", "line 3: unknown reason 'Whim'")]
    [InlineData("Duplicate failed modules:\na\t1", "line 2: not a line")]
    public void Parse_refuses_other_texts_and_names_the_line(string text, string message) =>
        Assert.Contains(
            message, Assert.Throws<FormatException>(() => ModuleStats.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Duplicates_of_a_module_share_a_line_newest_module_first()
    {
        var counter = new StatsCounter();
        counter.Duplicate("a", DuplicateReason.Becoming);
        counter.Duplicate("b", DuplicateReason.Load);
        counter.Duplicate("a", DuplicateReason.Load);
        Assert.Equal(
            [new("b", 1, DuplicateReason.Load), new("a", 2, DuplicateReason.Becoming | DuplicateReason.Load)],
            counter.Snapshot().Duplicates);
    }
}
