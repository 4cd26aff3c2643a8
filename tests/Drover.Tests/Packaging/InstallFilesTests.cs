using Drover.Host;
using Drover.Install;
using Drover.Tests.Install;

namespace Drover.Tests.Packaging;

/// <summary>The files that <c>drover install</c> puts in place exist and are valid.</summary>
public class InstallFilesTests
{
    static readonly string s_files = Path.Combine(Repository.Root, "packaging/root");

    public static TheoryData<string> Scripts => new(Listed().Where(IsScript).Select(file => file.Path));

    [Fact]
    public void The_lists_name_every_file()
    {
        var listed = Listed().Where(file => !file.IsLink && !IsProgram(file)).Select(file => file.Path);
        Assert.Equal(FilesBelow(s_files), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Only_scripts_and_programs_are_executable() => Assert.All(Listed(), file => Assert.Equal(
        IsScript(file) || IsProgram(file), file.Mode?.HasFlag(UnixFileMode.UserExecute) ?? false));

    [Theory]
    [MemberData(nameof(Scripts))]
    public void A_script_has_the_syntax_of_its_shell(string path) =>
        Assert.Equal((0, ""), PackagingTests.Run(File.ReadLines(s_files + path).First()[2..], "-n", s_files + path));

    [Fact]
    public void Systemd_finds_nothing_wrong_with_the_units()
    {
        using var root = new TestRoot();
        foreach (var program in new[] { "mkdir", "ln", "kill", "rm" })
            root.File($"/bin/{program}", "", UnixFileMode.UserRead | UnixFileMode.UserExecute);
        // every system has it
        root.File("/usr/lib/systemd/system/sysinit.target", "[Unit]\n");
        root.File(
            "/usr/lib/systemd/system/modprobe@.service", "[Service]\nType=oneshot\nExecStart=-/no/modprobe %I\n");
        CommandLineRun.Run("install", "--watch", "--root", root.Path);
        Assert.Equal((0, ""), PackagingTests.Run("systemd-analyze", "verify", "--man=no", $"--root={root.Path}",
            "drover.service", "drover-settle.service", "drover-watch.service", "modprobe@loop.service",
            "drover-metrics.timer"));
    }

    /// <summary>The scripts that build an initramfs, with kmod's programs in the image and stubs for the builder's
    /// functions.</summary>
    [Theory]
    [InlineData(
        "ldd() { :; }; copy_exec() { :; }; copy_file() { :; }", "/usr/share/initramfs-tools/hooks/drover", "",
        "/usr/bin/drover")]
    [InlineData(
        "inst() { :; }; inst_multiple() { :; }; inst_libdir_file() { :; }; inst_hook() { :; }; initdir=$DESTDIR",
        "/usr/lib/dracut/modules.d/90drover/module-setup.sh", "install", "drover")]
    public void Kmods_program_in_an_initramfs_becomes_a_link_to_drover(
        string stubs, string script, string then, string target)
    {
        using var image = new TestRoot();
        image.File("/usr/bin/kmod", "kmod's");
        image.Link("/usr/sbin/modprobe", "../bin/kmod");
        image.Link("/bin", "usr/bin");
        var shell = $"DESTDIR={image.Path}; {stubs}\nsource <(grep -v '^\\. /usr/share' {s_files}{script})\n{then}";
        Assert.Equal((0, ""), PackagingTests.Run("bash", "-c", shell));
        Assert.Equal(target, new FileInfo(image["/usr/bin/kmod"]).LinkTarget);
        Assert.Equal("../bin/kmod", new FileInfo(image["/usr/sbin/modprobe"]).LinkTarget);
    }

    /// <summary>kmod's hook has copied modprobe as a link to /etc/alternatives, and rmmod as a link to kmod.</summary>
    [Fact]
    public void Alternatives_in_an_initramfs_become_links_to_programs()
    {
        using var image = new TestRoot();
        image.Link("/usr/sbin/modprobe", "/etc/alternatives/modprobe");
        image.Link("/usr/sbin/rmmod", "../bin/kmod");
        var hook = Path.Combine(Repository.Root, "packaging/kmod-initramfs-hook");
        var shell = $$"""
            DESTDIR={{image.Path}}
            copy_exec() { mkdir -p "$DESTDIR/usr/bin"; : >"$DESTDIR/copied"; }
            readlink() { if [ "$1" = -f ]; then echo /usr/bin/drover; else command readlink "$@"; fi; }
            source <(grep -v '^\. /usr/share' {{hook}})
            """;
        Assert.Equal((0, ""), PackagingTests.Run("bash", "-c", shell));
        Assert.Equal("/usr/bin/drover", new FileInfo(image["/usr/sbin/modprobe"]).LinkTarget);
        Assert.Equal("../bin/kmod", new FileInfo(image["/usr/sbin/rmmod"]).LinkTarget);
        Assert.True(File.Exists(image["/copied"]));
    }

    [Fact]
    public void Stop_of_the_daemon_kills_no_load()
    {
        var unit = File.ReadLines($"{s_files}/usr/lib/systemd/system/drover.service");
        Assert.Contains("TimeoutStopSec=infinity", unit);
    }

    /// <summary>The paths below a folder, which stands for the root, sorted.</summary>
    internal static IEnumerable<string> FilesBelow(string folder) => Directory
        .GetFiles(folder, "*", SearchOption.AllDirectories).Select(path => path[folder.Length..])
        .Order(StringComparer.Ordinal);

    static bool IsProgram(InstallFile file) => file.Path is InstallList.Program or InstallList.Study;

    static IReadOnlyList<InstallFile> Listed() => InstallList.Read(Environment.ProcessPath!, StudyProgram.Find());

    static bool IsScript(InstallFile file) => !file.IsLink && file.Content.AsSpan().StartsWith("#!"u8);
}
