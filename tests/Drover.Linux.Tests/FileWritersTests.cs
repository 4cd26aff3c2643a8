namespace Drover.Linux.Tests;

public sealed class FileWritersTests
{
    [Fact]
    public void Who_has_a_file_open_for_writing_is_named()
    {
        using var directory = new TestDirectory();
        var path = Path.Join(directory.Path, "nvme.ko");
        File.WriteAllText(path, "x");
        using (File.OpenWrite(path))
            Assert.Equal($"nvme.ko is open for writing by pid {Environment.ProcessId} ({File.ReadAllText("/proc/self/comm").TrimEnd()})", FileWriters.Describe(path));
    }

    [Fact]
    public void Readers_and_files_that_are_not_there_name_nobody()
    {
        using var directory = new TestDirectory();
        var path = Path.Join(directory.Path, "nvme.ko");
        File.WriteAllText(path, "x");
        using (File.OpenRead(path))
            Assert.Null(FileWriters.Describe(path));
        Assert.Null(FileWriters.Describe(path + ".gone"));
    }
}
