using System.Text.RegularExpressions;
using Drover.Install;
using Drover.Tests.Install;
using Drover.Tests.Kmod;

namespace Drover.Tests.Packaging;

/// <summary>The four Debian packages: their files, and what they do to a system.</summary>
public sealed partial class DebianPackageTests(DebianPackages packages) : IClassFixture<DebianPackages>
{
    public static TheoryData<string> Names => new(DebianPackages.Names);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_package_has_the_files_of_its_list_and_its_documents(string name)
    {
        using var unpacked = Unpack(await packages.BuildAsync(), name);
        var listed = File.ReadLines(Path.Combine(Repository.Root, "packaging", $"{name}.list"))
            .Where(line => line[0] != '#').Select(line => line[..line.IndexOf(' ', StringComparison.Ordinal)]);
        string[] documents = [$"/usr/share/doc/{name}/changelog.gz", $"/usr/share/doc/{name}/copyright"];
        Assert.Equal(
            listed.Concat(documents).Order(StringComparer.Ordinal),
            InstallFilesTests.FilesBelow(unpacked.Path)
                .Where(path => !path.StartsWith("/usr/share/lintian/", StringComparison.Ordinal)));
    }

    /// <summary>The link that puts the daemon in charge is made by the package's scripts.</summary>
    [Fact]
    public async Task Program_and_daemon_are_what_drover_install_puts_in_place()
    {
        var folder = await packages.BuildAsync();
        using var program = Unpack(folder, "drover");
        using var daemon = Unpack(folder, "drover-daemon");
        var (inProgram, inDaemon) = (new RootTree(program.Path), new RootTree(daemon.Path));
        Assert.All(InstallList.Read(Repository.NativeBinary).Where(file => !file.IsLink), file => Assert.Equal(
            (file.Path, RootTree.Fingerprint(file)),
            (file.Path, RootTree.Fingerprint((inProgram.Read(file.Path) ?? inDaemon.Read(file.Path))!))));
    }

    [Fact]
    public async Task Lintian_finds_no_error_or_warning()
    {
        var folder = await packages.BuildAsync();
        var (exit, output) = PackagingTests.Run("lintian", ["--pedantic", "--fail-on", "error,warning",
            .. Directory.GetFiles(folder, "*.deb")]);
        Assert.True(exit == 0, output);
    }

    [Fact]
    public void A_document_that_a_help_text_names_is_in_a_package()
    {
        var lists = string.Concat(DebianPackages.Names.Select(name =>
            File.ReadAllText(Path.Combine(Repository.Root, "packaging", $"{name}.list"))));
        var help = Program.Verbs.Concat(Study.Program.Verbs).Select(verb => verb.Details)
            .Concat(CommandTable.Tools.Select(tool => tool.Summary));
        Assert.All(help.SelectMany(text => Document.Matches(text)).Select(match => match.Value)
            .Where(path => File.Exists(Path.Combine(Repository.Root, path))),
            path => Assert.Contains($" {path}\n", lists, StringComparison.Ordinal));
    }

    /// <summary>On a copy of this system whose changes are in memory.</summary>
    [Fact]
    public async Task Packages_come_and_go_without_a_trace()
    {
        var folder = await packages.BuildAsync();
        const string Link = "/etc/systemd/system/sysinit.target.wants/drover.service";
        const string Tools = "ls -l /usr/sbin/*mod* /usr/bin/*mod* /usr/sbin/modprobe | sed 's|.* /usr|/usr|'";
        var deb = (string name) => $"/debs/{name}_*_$(dpkg --print-architecture).deb";
        var runs = RunInCopy(folder,
            $"rm -rf /var/lib/drover; {Tools} >/tools; find /etc /usr /var/lib/drover -xdev 2>/dev/null | sort >/files",
            // looking puts nothing in charge
            $"dpkg -i {deb("drover")} {deb("drover-study")} && [ ! -e {Link} ] && /usr/lib/drover/kmod/modprobe -V",
            "drover-study --version && drover --version",
            // the daemon: in charge, disabled, and still disabled after an upgrade
            $"dpkg -i {deb("drover-daemon")} && [ -e {Link} ]",
            $"systemctl disable drover.service && dpkg -i {deb("drover-daemon")} && [ ! -e {Link} ]",
            // kmod's tools, also after an upgrade of kmod has put its link back
            $"dpkg -i {deb("drover-kmod")} && modprobe -V | grep -i drover "
                + "&& [ $(readlink -f /usr/sbin/lsmod) = /usr/bin/drover ]",
            "ln -sf /bin/kmod /usr/sbin/modprobe && dpkg-trigger --by-package=kmod /sbin/modprobe "
                + "&& dpkg --triggers-only -a && modprobe -V | grep -i drover",
            "update-alternatives --set modprobe /usr/bin/kmod && modprobe -V | grep kmod",
            $"dpkg -r drover-kmod && {Tools} | diff /tools -",
            "dpkg -P drover-kmod drover-daemon drover-study drover "
                + "&& find /etc /usr /var/lib/drover -xdev 2>/dev/null | sort | diff /files -");
        Assert.All(runs, run => Assert.True(run.Exit == 0, $"{run}"));
    }

    [Fact]
    public async Task Kmods_tools_come_back_whatever_was_lost_meanwhile()
    {
        var folder = await packages.BuildAsync();
        var deb = (string name) => $"/debs/{name}_*_$(dpkg --print-architecture).deb";
        const string All = "for t in modprobe depmod modinfo insmod rmmod lsmod; do "
            + "[ $(readlink -f /usr/sbin/$t) = /usr/bin/WHOSE ]; done; "
            + "[ $(readlink -f /usr/bin/lsmod) = /usr/bin/WHOSE ]";
        var (kmods, drovers) = (All.Replace("WHOSE", "kmod"), All.Replace("WHOSE", "drover"));
        var install = $"dpkg -i {deb("drover")} {deb("drover-kmod")}; {drovers}";
        var runs = RunInCopy(folder,
            $"rm -rf /var/lib/drover; {kmods}",
            // the copies of kmod's links, before an upgrade and before a removal
            $"{install}; rm -rf /var/lib/drover; {install}; dpkg -P drover-kmod; {kmods}; [ ! -e /var/lib/drover ]",
            $"{install}; rm -rf /var/lib/drover; dpkg -r drover-kmod; {kmods}",
            // the alternatives
            $"{install}; update-alternatives --remove-all modprobe; {install}; dpkg -P drover-kmod; {kmods}",
            $"{install}; update-alternatives --remove-all modprobe; dpkg -P drover-kmod; {kmods}",
            // a file of the administrator's is not touched
            $"{install}; rm /usr/sbin/modprobe; echo mine >/usr/sbin/modprobe; dpkg -i {deb("drover-kmod")}; "
                + "dpkg -P drover-kmod 2>&1 | grep 'modprobe is not of these packages'; "
                + "[ \"$(cat /usr/sbin/modprobe)\" = mine ]; [ $(readlink -f /usr/sbin/depmod) = /usr/bin/kmod ]");
        Assert.All(runs, run => Assert.True(run.Exit == 0, $"{run}"));
    }

    [Fact]
    public async Task The_one_package_of_0_1_0_is_upgraded()
    {
        var folder = await packages.BuildAsync();
        var deb = (string name) => $"/debs/{name}_*_$(dpkg --print-architecture).deb";
        var runs = RunInCopy(folder,
            // its files were those of three of the four
            "mkdir -p /old/DEBIAN && for name in drover drover-study drover-daemon; do "
                + "dpkg-deb -x /debs/${name}_*_$(dpkg --print-architecture).deb /old; done && "
                + "printf '%s\\n' 'Package: drover' 'Version: 0.1.0' \"Architecture: $(dpkg --print-architecture)\" "
                + "'Maintainer: x <x@x.invalid>' 'Description: x' >/old/DEBIAN/control && "
                + "dpkg-deb -b /old /old.deb && dpkg -i /old.deb",
            $"dpkg -i {deb("drover")} {deb("drover-daemon")} {deb("drover-study")}",
            "[ \"$(dpkg-query -S /usr/lib/systemd/system/drover.service)\" = "
                + "'drover-daemon: /usr/lib/systemd/system/drover.service' ]",
            "dpkg -S /usr/lib/drover/drover-study | grep -q ^drover-study:",
            // back
            "dpkg -P drover-daemon drover-study && dpkg -i /old.deb && dpkg -P drover && [ ! -e /usr/bin/drover ]");
        Assert.All(runs, run => Assert.True(run.Exit == 0, $"{run}"));
    }

    static TestRoot Unpack(string folder, string name)
    {
        var root = new TestRoot();
        var package = Assert.Single(Directory.GetFiles(folder, $"{name}_*.deb"));
        Assert.Equal((0, ""), PackagingTests.Run("dpkg-deb", "-x", package, root.Path));
        return root;
    }

    /// <summary>Each line runs in a root whose lower layer is this system and whose upper one is a tmpfs.</summary>
    static ToolRun[] RunInCopy(string packages, params string[] lines)
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root may mount an overlay");
        Assert.SkipUnless(File.Exists("/usr/sbin/modprobe") && File.Exists("/usr/bin/deb-systemd-helper"),
            "kmod or init-system-helpers is not installed");
        using var folder = new TestRoot();
        var chrooted = lines.Select((line, i) =>
        {
            File.WriteAllText(folder[$"/line{i}"], $"set -e\n{line}\n");
            return $"chroot all/root env DEBIAN_FRONTEND=noninteractive sh /lines/line{i}";
        });
        return NamespaceScript.Run(folder.Path, $"""
            mkdir all
            mount -t tmpfs none all
            mkdir all/upper all/work all/root
            mount -t overlay none -o lowerdir=/,upperdir=all/upper,workdir=all/work all/root
            mkdir -p all/root/debs all/root/lines
            mount --bind {packages} all/root/debs
            mount --bind . all/root/lines
            mount -t proc none all/root/proc
            mount --bind /dev all/root/dev
            mount -t tmpfs none all/root/run

            """, [.. chrooted]);
    }

    [GeneratedRegex(@"docs/[\w.-]+\.md", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    static partial Regex Document { get; }
}

/// <summary>The packages of this machine's architecture, built once for all tests of a class.</summary>
public sealed class DebianPackages : IDisposable
{
    public static readonly string[] Names = ["drover", "drover-daemon", "drover-kmod", "drover-study"];

    readonly string _folder = Directory.CreateTempSubdirectory("drover-packages-").FullName;

    /// <summary>The directory with the packages.</summary>
    public async Task<string> BuildAsync()
    {
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        if (Directory.GetFiles(_folder).Length == 0)
            await Script.RunAsync("packaging/build-deb", TimeSpan.FromMinutes(10), "--output", _folder);
        return _folder;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
