using Drover.Linux.Files;

namespace Drover.Linux.Tests.Files;

public sealed class FileWritersTests
{
    [Fact]
    public void FileWriters_names_the_process_that_has_a_file_open_for_writing()
    {
        using var directory = new TestDirectory();
        var path = Path.Join(directory.Path, "nvme.ko");
        File.WriteAllText(path, "x");
        using var writer = File.OpenWrite(path);
        var comm = File.ReadAllText("/proc/self/comm").TrimEnd();
        Assert.Equal(
            $"nvme.ko is open for writing by pid {Environment.ProcessId} ({comm})", FileWriters.Describe(path));
    }

    [Fact]
    public void FileWriters_is_empty_for_readers_and_missing_files()
    {
        using var directory = new TestDirectory();
        var path = Path.Join(directory.Path, "nvme.ko");
        File.WriteAllText(path, "x");
        using (File.OpenRead(path))
            Assert.Null(FileWriters.Describe(path));
        Assert.Null(FileWriters.Describe(path + ".gone"));
    }
}
