using Drover.Host;
using Drover.Install;

namespace Drover.Tests.Install;

/// <summary>install and uninstall on a root directory.</summary>
public class InstallVerbTests
{
    [Fact]
    public void Install_writes_every_listed_file_and_uninstall_removes_it()
    {
        using var root = TestRoot.WithSystemd();
        root.File("/usr/lib/tmpfiles.d/drover.conf", "an administrator's\n");
        var before = root.Snapshot();

        var installed = CommandLineRun.Run("install", "--root", root.Path);
        Assert.Equal((0, ""), (installed.Exit, installed.Error));
        Assert.All(Listed(), file => Assert.Contains(file.Path, installed.Out, StringComparison.Ordinal));
        Assert.Contains(
            "/usr/lib/tmpfiles.d/drover.conf  (the previous file is kept as " +
            "/usr/lib/tmpfiles.d/.drover.conf.before-drover)", installed.Out, StringComparison.Ordinal);
        Assert.Equal(
            "/usr/lib/systemd/system/drover.service",
            new FileInfo(root["/etc/systemd/system/sysinit.target.wants/drover.service"]).LinkTarget);
        Assert.True(new FileInfo(root["/usr/share/initramfs-tools/hooks/drover"]).UnixFileMode.HasFlag(
            UnixFileMode.OtherExecute));

        var again = CommandLineRun.Run("install", "--root", root.Path);
        Assert.Equal((0, ""), (again.Exit, again.Error));
        Assert.Equal("Everything is installed already: Drover loads that system's modules at each boot.\n", again.Out);

        var taken = CommandLineRun.Run("uninstall", "--root", root.Path);
        Assert.Equal((0, ""), (taken.Exit, taken.Error));
        Assert.Equal(before, root.Snapshot());
        Assert.Equal((0, $"nothing is installed in {root.Path}\n"), (
            CommandLineRun.Run("uninstall", "--root", root.Path) is var nothing ? nothing.Exit : 0, nothing.Out));
    }

    [Fact]
    public void Dry_run_shows_every_file_and_changes_nothing()
    {
        using var root = TestRoot.WithSystemd();
        root.File("/usr/lib/tmpfiles.d/drover.conf", "an administrator's\n");
        var before = root.Snapshot();
        var shown = CommandLineRun.Run("install", "--dry-run", "--root", root.Path);
        Assert.Equal((0, "", before), (shown.Exit, shown.Error, root.Snapshot()));
        foreach (var file in Listed().Where(file => file.Path != InstallList.Program && !file.IsLink))
        {
            Assert.All(System.Text.Encoding.UTF8.GetString(file.Content)
                .Split('\n', StringSplitOptions.RemoveEmptyEntries), line =>
                Assert.Contains($"    {line}\n", shown.Out, StringComparison.Ordinal));
        }

        Assert.Contains("/usr/lib/tmpfiles.d/drover.conf  mode 644: replaces another file, which is kept as ",
            shown.Out, StringComparison.Ordinal);

        CommandLineRun.Run("install", "--root", root.Path);
        before = root.Snapshot();
        shown = CommandLineRun.Run("uninstall", "--dry-run", "--root", root.Path);
        Assert.Equal((0, before), (shown.Exit, root.Snapshot()));
        Assert.Contains("/usr/lib/tmpfiles.d/drover.conf: the previous file is restored\n", shown.Out,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Install_records_boots_only_with_watch()
    {
        using var root = TestRoot.WithSystemd();
        root.File(RunningSystem.InitramfsTools, "");
        var before = root.Snapshot();
        string[] watch = [.. InstallList.Read(Environment.ProcessPath!, StudyProgram.Find()).Select(file => file.Path)
            .Except(Listed().Select(file => file.Path))];
        Assert.Equal(4, watch.Length);

        CommandLineRun.Run("install", "--root", root.Path);
        Assert.All(watch, path => Assert.False(Path.Exists(root[path]), path));
        var shown = CommandLineRun.Run("install", "--watch", "--dry-run", "--root", root.Path);
        Assert.All(watch, path => Assert.Matches($"\n{path}(  mode [67][45][45])?: new\n", shown.Out));
        Assert.Contains("/usr/bin/drover watch --begin", shown.Out, StringComparison.Ordinal);

        var installed = CommandLineRun.Run("install", "--watch", "--root", root.Path);
        Assert.Equal((0, ""), (installed.Exit, installed.Error));
        Assert.All(watch, path => Assert.True(Path.Exists(root[path]), path));
        Assert.StartsWith("Everything is installed already: ", CommandLineRun.Run(
            "install", "--watch", "--root", root.Path).Out, StringComparison.Ordinal);

        shown = CommandLineRun.Run("install", "--dry-run", "--root", root.Path);
        Assert.All(watch, path => Assert.Contains($"{path}: removed\n", shown.Out, StringComparison.Ordinal));
        var without = CommandLineRun.Run("install", "--root", root.Path);
        Assert.Equal((0, ""), (without.Exit, without.Error));
        Assert.All(watch, path => Assert.Contains($"{path}  (removed)\n", without.Out, StringComparison.Ordinal));
        Assert.All(watch, path => Assert.False(Path.Exists(root[path]), path));
        Assert.True(File.Exists(root[InstallList.Program]));

        CommandLineRun.Run("install", "--watch", "--root", root.Path);
        Assert.Equal(0, CommandLineRun.Run("uninstall", "--root", root.Path).Exit);
        Assert.Equal(before, root.Snapshot());
    }

    [Fact]
    public void Install_leaves_a_changed_watch_unit_and_reports_it()
    {
        using var root = TestRoot.WithSystemd();
        const string Unit = "/usr/lib/systemd/system/drover-watch.service";
        CommandLineRun.Run("install", "--watch", "--root", root.Path);
        root.File(Unit, "edited\n");
        for (var i = 0; i < 2; i++)
        {
            var without = CommandLineRun.Run("install", "--root", root.Path);
            Assert.Equal(
                (1, $"drover: install: {Unit} was changed since its installation and is left alone; move it away " +
                    $"and install again\n"), (without.Exit, without.Error));
        }
        File.Delete(root[Unit]);
        Assert.Equal(0, CommandLineRun.Run("install", "--root", root.Path).Exit);
    }

    [Fact]
    public void Install_without_systemd_says_that_nothing_starts_the_daemon()
    {
        using var root = new TestRoot();
        for (var i = 0; i < 2; i++)
        {
            var run = CommandLineRun.Run("install", "--root", root.Path);
            Assert.Equal(1, run.Exit);
            Assert.StartsWith("drover: install: nothing starts the daemon: ", run.Error, StringComparison.Ordinal);
            Assert.DoesNotContain(" boot", run.Out, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Install_watch_warns_without_initramfs_tools()
    {
        using var root = TestRoot.WithSystemd();
        Assert.Contains("boots will not be recorded", CommandLineRun.Run(
            "install", "--watch", "--root", root.Path).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("drover")]
    [InlineData("drover-daemon")]
    [InlineData("drover-kmod")]
    [InlineData("drover-study")]
    public void Install_and_uninstall_refuse_a_package_of_dpkg(string package)
    {
        using var root = TestRoot.WithSystemd();
        root.File($"/var/lib/dpkg/info/{package}.list", "/.\n");
        foreach (var verb in new[] { "install", "uninstall" })
        {
            var refused = CommandLineRun.Run(verb, "--root", root.Path);
            Assert.Equal(1, refused.Exit);
            Assert.Contains("Drover is installed as a Debian package", refused.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Install_warns_about_overriding_rules_of_an_administrator()
    {
        using var root = TestRoot.WithSystemd();
        root.File("/etc/udev/rules.d/80-drivers.rules", "# mine\n");
        Assert.Contains("/etc/udev/rules.d/80-drivers.rules overrides Drover's rules",
            CommandLineRun.Run("install", "--root", root.Path).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Dry_run_warns_of_what_an_installation_warns_of()
    {
        using var root = new TestRoot();
        root.File("/etc/udev/rules.d/80-drivers.rules", "# mine\n");
        var shown = CommandLineRun.Run("install", "--dry-run", "--root", root.Path);
        var done = CommandLineRun.Run("install", "--root", root.Path);
        Assert.Equal((1, done.Error), (shown.Exit, shown.Error));
        Assert.Contains("nothing starts the daemon", shown.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("usr")]
    [InlineData("usr/lib")]
    public void Install_changes_nothing_where_a_file_is_in_a_directorys_place(string path)
    {
        using var root = new TestRoot();
        root.File($"/{path}", "a file\n");
        var before = root.Snapshot();
        foreach (var args in (string[][])[["install", "--root", root.Path], ["install", "-n", "--root", root.Path]])
        {
            var run = CommandLineRun.Run(args);
            Assert.Equal((1, "", $"drover: {root.Path}/{path} is not a directory: move it away\n"),
                (run.Exit, run.Out, run.Error));
        }
        Assert.Equal(before, root.Snapshot());
    }

    [Fact]
    public void Install_reports_a_missing_root()
    {
        Assert.Equal("drover: /etc/passwd is not a directory: give the root of a system with --root\n",
            CommandLineRun.Run("install", "--root", "/etc/passwd").Error);
        var refused = CommandLineRun.Run("install", "--root", "/nowhere");
        Assert.Equal((1, "drover: no directory /nowhere: give the root of a system with --root\n"),
            (refused.Exit, refused.Error));
    }

    static IReadOnlyList<InstallFile> Listed() => InstallList.Read(Environment.ProcessPath!);
}
