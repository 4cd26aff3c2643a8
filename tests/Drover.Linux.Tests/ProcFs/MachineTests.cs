using Drover.Linux.ProcFs;

namespace Drover.Linux.Tests.ProcFs;

public sealed class MachineTests
{
    [Theory]
    [InlineData("0", 1)]
    [InlineData("0-31", 32)]
    [InlineData("0-3,8,10-11", 7)]
    [InlineData("", 0)]
    [InlineData("3-1", 0)]
    [InlineData("0-x", 0)]
    [InlineData("000001", 0)]
    [InlineData("0,", 0)]
    [InlineData("0-99999999999", 0)]
    [InlineData(null, 0)]
    public void CPU_list_is_counted_and_a_malformed_one_is_zero(string? list, int count) =>
        Assert.Equal(count, Machine.CountCpus(list));

    /// <summary>The kernel's command line with a bootconfig has more than a page.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(8192)]
    [InlineData(40000)]
    public void Files_of_procfs_are_read_to_their_end(int length)
    {
        using var directory = new TestDirectory();
        var text = new string('x', Math.Max(length - 4, 0)) + "last"[..Math.Min(length, 4)];
        directory.File("cmdline", $"{text}\n");
        Assert.Equal(text, SmallFile.TryRead(directory["cmdline"]));
    }

    [Theory]
    [InlineData("MemTotal:       8 kB\nMemFree: 1 kB\nMemAvailable:   23859712 kB\n", 23859712L << 10)]
    [InlineData("MemTotal:       8 kB\n", 0)]
    [InlineData("MemAvailable:   many kB\n", 0)]
    [InlineData("NotMemAvailable:   8 kB\nMemAvailable:   8 kBytes\n", 0)]
    [InlineData("MemAvailable:   many kB\nMemAvailable:   8 kB", 8192)]
    [InlineData("MemAvailable:   9223372036854775807 kB\n", 0)]
    [InlineData(null, 0)]
    public void Memory_available_is_in_bytes(string? meminfo, long bytes) =>
        Assert.Equal(bytes, Machine.AvailableBytes(meminfo));
}
