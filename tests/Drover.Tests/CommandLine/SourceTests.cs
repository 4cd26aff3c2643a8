using Drover.Tests.Kmod;

namespace Drover.Tests.CommandLine;

/// <summary>Roots, module directories and sysfs trees that are not what an option says.</summary>
public sealed class SourceTests : IDisposable
{
    readonly RecordableRoot _root = new("drover-source-");

    public static TheoryData<string> ModuleReaders =>
    [
        "coldplug --dry-run --sys SYS", "load --dry-run t_btrfs", "modules-load --dry-run", "resolve t_btrfs",
        "audit --memory 1G --sys SYS", "scenario --memory 1G --sys SYS",
    ];

    public static TheoryData<string> DeviceReaders =>
        ["coldplug --dry-run", "audit --memory 1G", "scenario --memory 1G"];

    public void Dispose() => _root.Dispose();

    [Theory]
    [MemberData(nameof(ModuleReaders))]
    public void Module_directory_without_indexes_and_modules_is_an_error(string command)
    {
        var directory = $"{_root.Path}/lib/modules/6.1.0-test";
        foreach (var folder in Directory.GetDirectories(directory))
            Directory.Delete(folder, recursive: true);
        foreach (var index in new[] { "modules.alias", "modules.dep" })
        {
            File.Delete($"{directory}/{index}");
            var run = Run(command, "--root", _root.Path);
            Assert.Equal(
                new CommandLineRun(1, "", $"drover: {directory} lacks its index {index}: run 'depmod -b {_root.Path} "
                    + "6.1.0-test' first\n"), run);
            File.WriteAllText($"{directory}/{index}", "");
        }
        // the binary index is enough
        File.Delete($"{directory}/modules.dep");
        File.WriteAllText($"{directory}/modules.dep.bin", "");
        Assert.DoesNotContain("lacks its index", Run(command, "--root", _root.Path).Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Modules_without_indexes_are_found_by_a_scan_that_is_said()
    {
        using var root = new ModuleRoot()
            .Write("kernel/base.ko", new TestModule { Exports = ["s"] })
            .Write("kernel/mid.ko", new TestModule { Needs = ["s"], Info = ["alias=drover-test"] });
        var run = CommandLineRun.Run(["load", "-n", "--root", root.Path, "drover-test"]);
        Assert.Equal(
            $"drover: {root.Directory} has no indexes: going on from a scan of its files; run depmod\n", run.Error);
        Assert.Equal(0, run.Exit);
        Assert.Equal(["#", "1", "2"], run.Out.Split('\n')[..3].Select(line => line[..1]));
        Assert.Matches("1  base .*\n2  mid ", run.Out);
    }

    [Theory]
    [MemberData(nameof(ModuleReaders))]
    public void Missing_root_is_named(string command) => Assert.Equal(
        new CommandLineRun(1, "", "drover: --root /nonexistent: there is no such directory\n"),
        Run(command, "--root", "/nonexistent"));

    [Theory]
    [MemberData(nameof(ModuleReaders))]
    public void File_as_root_is_named(string command) => Assert.Equal(
        new CommandLineRun(1, "", "drover: --root /etc/passwd: it is not a directory\n"),
        Run(command, "--root", "/etc/passwd"));

    [Fact]
    public void Socket_of_a_daemon_makes_no_directory()
    {
        var run = Run("daemon", "--socket", $"{_root.Path}/none/s");
        Assert.Equal(new CommandLineRun(
            1, "", $"drover: --socket {_root.Path}/none/s: there is no directory {_root.Path}/none\n"), run);
        Assert.False(Directory.Exists($"{_root.Path}/none"));
    }

    [Theory]
    [MemberData(nameof(DeviceReaders))]
    public void Directory_that_holds_no_sysfs_is_an_error(string command)
    {
        string[] place = ["--root", _root.Path, "--sys"];
        Assert.Equal(
            new CommandLineRun(1, "", $"drover: {_root.Path} is not a sysfs, nor a copy of one: it has none of "
                + "devices, bus and class\n"), Run(command, [.. place, _root.Path]));
        Assert.Equal(
            new CommandLineRun(1, "", "drover: /nonexistent: no such file or directory\n"),
            Run(command, [.. place, "/nonexistent"]));
    }

    [Theory]
    [InlineData("audit --scenario")]
    [InlineData("audit --boot")]
    [InlineData("audit --memory 1G --release 6.1.0-test --root ROOT --tar")]
    [InlineData("herd --scenario")]
    [InlineData("herd --html")]
    [InlineData("report")]
    [InlineData("scenario --from")]
    [InlineData("scenario --root ROOT --sys SYS --memory 1G --timings")]
    [InlineData("scenario --root ROOT --sys SYS --memory 1G --output")]
    public void Directory_in_place_of_a_file_and_a_missing_file_are_named(string command)
    {
        foreach (var (path, why) in new[]
        {
            (_root.Path, "Is a directory"), ($"{_root.Path}/no/file", "No such file or directory"),
        })
        {
            var builtIn = path == _root.Path || command.Split(' ')[^1] is not ("--scenario" or "--from")
                ? ""
                : ", and no machine that is built in: debian13, debian12";
            Assert.Equal(new CommandLineRun(1, "", $"drover: {path}: {why}{builtIn}\n"), Run(command, path));
        }
    }

    CommandLineRun Run(string command, params string[] more) => CommandLineRun.Run(
    [
        .. command.Split(' ').Select(word => word switch
        {
            "SYS" => CommandLineRun.Sys,
            "ROOT" => _root.Path,
            _ => word,
        }),
        .. more,
    ]);
}
