using Drover.Linux.Files;

namespace Drover.Linux.Tests.Files;

public sealed class FileProblemTests : IDisposable
{
    readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string, string> Opens => new()
    {
        { "", "Is a directory" },
        { "missing", "No such file or directory" },
        { "no/directory", "No such file or directory" },
        { "file/below", "No such file or directory" },
        { "a 'quoted' name: '", "No such file or directory" },
        { new string('x', 300), "File name too long" },
        { "loop", "Too many levels of symbolic links" },
    };

    [Theory]
    [MemberData(nameof(Opens))]
    public void Message_of_a_failed_open_is_the_path_and_the_errno(string name, string why)
    {
        _directory.File("file", "");
        _directory.Link("loop", "loop");
        var path = _directory[name];
        var problem = Record.Exception(() => File.OpenRead(path).Dispose());
        Assert.NotNull(problem);
        Assert.Equal($"{path}: {why}", FileProblem.Describe(problem));
    }

    [Theory]
    [InlineData("output could not be written: no space left")]
    [InlineData("there is no 'x' here")]
    public void Other_messages_are_kept(string message) =>
        Assert.Equal(message, FileProblem.Describe(new IOException(message, 28)));
}
