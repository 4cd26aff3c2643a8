using Drover.Linux.Files;

namespace Drover.Linux.Tests.Files;

public sealed class FileStampsTests : IDisposable
{
    readonly TestDirectory _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Every_change_of_a_file_or_directory_is_noticed()
    {
        var (file, directory) = (_temporary["index"], _temporary["config"]);
        Directory.CreateDirectory(directory);
        Expect("created", () => File.WriteAllText(file, "one"));
        Expect("written", () => File.WriteAllText(file, "three"));
        Expect("replaced", () =>
        {
            File.WriteAllText(file + ".new", "three");
            File.SetLastWriteTimeUtc(file + ".new", File.GetLastWriteTimeUtc(file));
            File.Move(file + ".new", file, overwrite: true);
        });
        Expect("new in the directory", () => File.WriteAllText($"{directory}/a.conf", ""));
        Expect("removed", () => File.Delete(file));
        Assert.False(new FileStamps([file, directory]).HaveChanged);

        void Expect(string what, Action change)
        {
            var stamps = new FileStamps([file, directory]);
            Assert.False(stamps.HaveChanged, $"before: {what}");
            change();
            Assert.True(stamps.HaveChanged, what);
        }
    }
}
