using Drover.Text;

namespace Drover.Tests.Text;

public class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("4096", 4096)]
    [InlineData("64K", 64 << 10)]
    [InlineData("64M", 64 << 20)]
    [InlineData("64MiB", 64 << 20)]
    [InlineData("2g", 2L << 30)]
    [InlineData("4T", 4L << 40)]
    [InlineData("1PiB", 1L << 50)]
    [InlineData("7E", 7L << 60)]
    public void Sizes_are_read_with_units_of_1024(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("iB")]
    [InlineData("64iB")]
    [InlineData("-1")]
    [InlineData("1.5M")]
    [InlineData("64X")]
    [InlineData("99999999999999999999")]
    [InlineData("9223372036854775807K")]
    public void What_is_no_size_is_refused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1 KiB")]
    [InlineData(10_380_902, "9.9 MiB")]
    [InlineData(5L << 40, "5 TiB")]
    [InlineData(1L << 52, "4 PiB")]
    [InlineData(long.MaxValue, "8 EiB")]
    public void Sizes_are_written_with_the_largest_unit(long bytes, string text) =>
        Assert.Equal(text, ByteSize.Format(bytes));
}
