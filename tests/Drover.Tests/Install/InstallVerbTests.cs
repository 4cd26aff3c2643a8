using Drover.Install;
using Drover.Tests.Verbs;

namespace Drover.Tests.Install;

/// <summary>The two verbs on a root directory.</summary>
public class InstallVerbTests
{
    [Fact]
    public void Install_puts_every_file_of_the_list_in_place_and_uninstall_takes_it_back()
    {
        using var root = new TestRoot();
        root.File("/usr/lib/tmpfiles.d/drover.conf", "an administrator's\n");
        var before = root.Snapshot();

        var installed = CommandLine.Run("install", "--root", root.Path);
        Assert.Equal((0, ""), (installed.Exit, installed.Error));
        Assert.All(Listed(), file => Assert.Contains(file.Path, installed.Out, StringComparison.Ordinal));
        Assert.Contains("/usr/lib/tmpfiles.d/drover.conf  (what was there is kept as /usr/lib/tmpfiles.d/.drover.conf.before-drover)", installed.Out, StringComparison.Ordinal);
        Assert.Equal("../drover.service", new FileInfo(root["/usr/lib/systemd/system/sysinit.target.wants/drover.service"]).LinkTarget);
        Assert.True(new FileInfo(root["/usr/share/initramfs-tools/hooks/drover"]).UnixFileMode.HasFlag(UnixFileMode.OtherExecute));

        var again = CommandLine.Run("install", "--root", root.Path);
        Assert.Equal((0, ""), (again.Exit, again.Error));
        Assert.StartsWith("all is in place already\n", again.Out, StringComparison.Ordinal);

        var taken = CommandLine.Run("uninstall", "--root", root.Path);
        Assert.Equal((0, ""), (taken.Exit, taken.Error));
        Assert.Equal(before, root.Snapshot());
        Assert.Equal((0, $"nothing is installed in {root.Path}\n"), (CommandLine.Run("uninstall", "--root", root.Path) is var nothing ? nothing.Exit : 0, nothing.Out));
    }

    [Fact]
    public void A_dry_run_shows_every_file_with_its_content_and_changes_nothing()
    {
        using var root = new TestRoot();
        root.File("/usr/lib/tmpfiles.d/drover.conf", "an administrator's\n");
        var before = root.Snapshot();
        var shown = CommandLine.Run("install", "--dry-run", "--root", root.Path);
        Assert.Equal((0, "", before), (shown.Exit, shown.Error, root.Snapshot()));
        foreach (var file in Listed().Where(file => file.Path != InstallList.Program && !file.IsLink))
            Assert.All(System.Text.Encoding.UTF8.GetString(file.Content).Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Contains($"    {line}\n", shown.Out, StringComparison.Ordinal));
        Assert.Contains("/usr/lib/tmpfiles.d/drover.conf  mode 644: takes the place of another, which is kept as ", shown.Out, StringComparison.Ordinal);

        CommandLine.Run("install", "--root", root.Path);
        before = root.Snapshot();
        shown = CommandLine.Run("uninstall", "--dry-run", "--root", root.Path);
        Assert.Equal((0, before), (shown.Exit, root.Snapshot()));
        Assert.Contains("/usr/lib/tmpfiles.d/drover.conf: what was there before is given back\n", shown.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void What_records_each_boot_is_there_with_watch_and_only_then()
    {
        using var root = new TestRoot();
        root.File(RunningSystem.InitramfsTools, "");
        var before = root.Snapshot();
        string[] watch = [.. InstallList.Read(Environment.ProcessPath!, withWatch: true).Select(file => file.Path).Except(Listed().Select(file => file.Path))];
        Assert.Equal(3, watch.Length);

        CommandLine.Run("install", "--root", root.Path);
        Assert.All(watch, path => Assert.False(Path.Exists(root[path]), path));
        var shown = CommandLine.Run("install", "--watch", "--dry-run", "--root", root.Path);
        Assert.All(watch, path => Assert.Matches($"\n{path}(  mode [67][45][45])?: new\n", shown.Out));
        Assert.Contains("/usr/bin/drover watch --begin", shown.Out, StringComparison.Ordinal);

        var installed = CommandLine.Run("install", "--watch", "--root", root.Path);
        Assert.Equal((0, ""), (installed.Exit, installed.Error));
        Assert.All(watch, path => Assert.True(Path.Exists(root[path]), path));
        Assert.Contains("all is in place already\n", CommandLine.Run("install", "--watch", "--root", root.Path).Out, StringComparison.Ordinal);

        shown = CommandLine.Run("install", "--dry-run", "--root", root.Path);
        Assert.All(watch, path => Assert.Contains($"{path}: taken away\n", shown.Out, StringComparison.Ordinal));
        var without = CommandLine.Run("install", "--root", root.Path);
        Assert.Equal((0, ""), (without.Exit, without.Error));
        Assert.All(watch, path => Assert.Contains($"{path}  (taken away)\n", without.Out, StringComparison.Ordinal));
        Assert.All(watch, path => Assert.False(Path.Exists(root[path]), path));
        Assert.True(File.Exists(root[InstallList.Program]));

        CommandLine.Run("install", "--watch", "--root", root.Path);
        Assert.Equal(0, CommandLine.Run("uninstall", "--root", root.Path).Exit);
        Assert.Equal(before, root.Snapshot());
    }

    [Fact]
    public void What_recorded_boots_and_was_changed_since_is_left_and_named()
    {
        using var root = new TestRoot();
        const string Unit = "/usr/lib/systemd/system/drover-watch.service";
        CommandLine.Run("install", "--watch", "--root", root.Path);
        root.File(Unit, "edited\n");
        for (var i = 0; i < 2; i++)
        {
            var without = CommandLine.Run("install", "--root", root.Path);
            Assert.Equal((1, $"drover: install: {Unit} is left as it is: it was changed since it was installed; move it away and install again\n"), (without.Exit, without.Error));
        }
        File.Delete(root[Unit]);
        Assert.Equal(0, CommandLine.Run("install", "--root", root.Path).Exit);
    }

    [Fact]
    public void Where_nothing_can_begin_to_record_it_is_told()
    {
        using var root = new TestRoot();
        Assert.Contains("nothing will be recorded", CommandLine.Run("install", "--watch", "--root", root.Path).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_dpkg_has_put_in_place_is_dpkgs_to_take_back()
    {
        using var root = new TestRoot();
        root.File("/var/lib/dpkg/info/drover.list", "/.\n");
        foreach (var verb in new[] { "install", "uninstall" })
        {
            var refused = CommandLine.Run(verb, "--root", root.Path);
            Assert.Equal(1, refused.Exit);
            Assert.Contains("Debian's package manager has put Drover in place", refused.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Rules_of_an_administrator_that_go_before_ours_are_told_of()
    {
        using var root = new TestRoot();
        root.File("/etc/udev/rules.d/80-drivers.rules", "# mine\n");
        Assert.Contains("/etc/udev/rules.d/80-drivers.rules goes before Drover's", CommandLine.Run("install", "--root", root.Path).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_root_that_is_not_there_is_named()
    {
        var refused = CommandLine.Run("install", "--root", "/nowhere");
        Assert.Equal((1, "drover: there is no directory /nowhere: name the root of a system with --root\n"), (refused.Exit, refused.Error));
    }

    static IReadOnlyList<InstallFile> Listed() => InstallList.Read(Environment.ProcessPath!);
}
