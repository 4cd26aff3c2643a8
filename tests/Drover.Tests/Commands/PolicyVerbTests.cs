using System.Text;
using Drover.Tests.Kmod;

namespace Drover.Tests.Commands;

/// <summary>drover policy check, learn, export and import, on a generated machine.</summary>
public sealed class PolicyVerbTests : IDisposable
{
    const string Configuration = """
        blacklist pcspkr
        install closed /bin/false
        install shut /bin/true
        install kept /sbin/modprobe --ignore-install kept
        softdep half pre: base

        """;

    readonly ModuleRoot _root = new ModuleRoot()
        .Write("kernel/base.ko", new TestModule { Exports = ["s"] })
        .Write("kernel/mid.ko", new TestModule { Needs = ["s"], Exports = ["t"] })
        .Write("kernel/top.ko", new TestModule { Needs = ["t"] })
        .Write("kernel/pcspkr.ko", new TestModule { Info = ["alias=platform:pcspkr"] })
        .Write("kernel/nic.ko", new TestModule { Info = ["alias=pci:v00008086d00001*"] })
        .Write("updates/nic_vendor.ko", new TestModule { Info = ["alias=pci:v00008086d00001*"] })
        .Write("kernel/closed.ko", new TestModule()).Write("kernel/half.ko", new TestModule())
        .Write("kernel/stray.ko", new TestModule()).Write("kernel/overlay.ko", new TestModule())
        .Write("kernel/ext4.ko", new TestModule { Info = ["alias=fs-ext4"] })
        .Write("/etc/modprobe.d/site.conf", Configuration)
        .Write("/etc/modules-load.d/site.conf", "top\n").Write("/usr/bin/podman", "")
        .Write("/etc/fstab", "/dev/sda1 / ext4 defaults 0 1\n").Index();

    public PolicyVerbTests()
    {
        Write("sys/devices/pci0000:00/0000:00:19.0/uevent", "MODALIAS=pci:v00008086d00001234sv\n");
        Write("sys/devices/platform/pcspkr/uevent", "MODALIAS=platform:pcspkr\n");
        foreach (var live in (string[])["base", "mid", "half", "stray"])
            Write($"sys/module/{live}/initstate", "live\n");
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Learn_writes_a_line_for_each_module_that_is_asked_for_or_live() =>
        Local(Run("learn")).ShouldBe("policy-learn.txt");

    [Fact]
    public void What_is_learned_passes_the_check()
    {
        var learned = $"{_root.Path}/etc/drover/policy.d/50-learned.conf";
        Assert.Equal(0, Run("learn", "-o", learned).Exit); // makes the directory
        var elsewhere = Run("learn", "-o", $"{_root.Path}/etc/dorver/50-learned.conf");
        Assert.Equal(1, elsewhere.Exit);
        Assert.Contains("there is no directory", elsewhere.Error, StringComparison.Ordinal);
        Assert.Equal((0, ""), (Run("check").Exit, Run("check").Error));
        File.Delete(learned);
        Policy("default forbid\nallow top");
        Local(Run("check")).ShouldBe("policy-check.txt");
    }

    [Fact]
    public void A_long_alias_is_shortened()
    {
        Write("sys/devices/pci0000:00/0000:00:19.0/uevent", $"MODALIAS=pci:v00008086d00001{new string('2', 1000)}\n");
        var lines = Run("learn").Out.Split('\n');
        Assert.Contains(lines, line => line.StartsWith("# /devices/pci0000:00", StringComparison.Ordinal)
            && line.EndsWith("222…", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 120));
    }

    [Fact]
    public void Check_and_export_say_that_a_policy_only_warns()
    {
        Policy("mode warn-only\nforbid stray");
        Assert.EndsWith(
            "1 of 10 modules would be stopped, once the policy is no longer warn-only; the policy has 1 line\n",
            Run("check").Out, StringComparison.Ordinal);
        Assert.Contains(
            "# lost: the policy is warn-only; kmod would stop these modules\n", Run("export", "--modprobe.d").Out,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Check_counts_bad_lines_recordings_and_a_seal()
    {
        Assert.Equal((0, "There is no policy: everything may be loaded.\n"), (Run("check").Exit, Run("check").Out));
        Write("etc/drover/policy.d/mine", "forbid base\n");
        Assert.Equal(
            $"drover: {_root.Path}/etc/drover/policy.d/mine is not read: its name does not end in .conf\n",
            Run("check").Error);
        File.Delete($"{_root.Path}/etc/drover/policy.d/mine");
        Policy("mode warn-only\nforbid stray\nforbidden x");
        Local(Run("check", "--json")).ShouldBe("policy-check-json.txt");
        Policy("forbid closed");
        Assert.Equal(0, Run("check").Exit);
        Write("boot.json", """
            {"release":"1.0-test","cpus":1,"timeline":[{"module":"closed","firstAsker":"modprobe (pid 1)",
            "asked":"closed","fileBytes":1,"first":{"wantedAtUs":1,"needed":[],"calledAtUs":2,"endedAtUs":3,
            "errno":null}}]}
            """);
        var run = Run("check", $"{_root.Path}/boot.json");
        Assert.Equal(1, run.Exit);
        Assert.Contains("closed", run.Out, StringComparison.Ordinal);
        Policy("allow base when booted");
        Assert.Equal((0, 1), (Run("check").Exit, Run("check", "--sealed").Exit));
    }

    [Fact]
    public void Check_looks_at_preferences()
    {
        Policy("prefer nic_vendor over nic\nprefer nicc over nic");
        var run = Run("check");
        Assert.EndsWith("; the policy has 2 lines\n", run.Out, StringComparison.Ordinal);
        Assert.Contains(":2: 'nicc' is no module and no alias in ", run.Error, StringComparison.Ordinal);
        Policy("prefer nic over nic_vendor\nprefer nic_vendor over nic");
        run = Run("check");
        Assert.Equal(1, run.Exit);
        Assert.EndsWith("; the policy has 1 line\n", run.Out, StringComparison.Ordinal);
    }

    /// <summary>A timeline has a name for each module, also for those that no one asked for.</summary>
    [Fact]
    public void A_recorded_dependency_is_covered_by_the_module_that_needs_it()
    {
        Directory.Delete($"{_root.Path}/sys/module", recursive: true);
        Write("boot.json", """
            {"release":"1.0-test","cpus":1,"timeline":[
            {"module":"top","firstAsker":"modprobe (pid 1)","asked":"top",
            "first":{"needed":["base","mid"],"calledAtUs":3,"endedAtUs":4,"errno":null}},
            {"module":"mid","firstAsker":null,"asked":"mid",
            "first":{"needed":["base"],"calledAtUs":2,"endedAtUs":3,"errno":null}}]}
            """);
        Policy("default forbid\nallow top ext4 nic nic_vendor overlay");
        Assert.Equal((0, ""), (Run("check", $"{_root.Path}/boot.json").Exit, Run("check").Error));
        Assert.DoesNotContain("allow mid", Run("learn", $"{_root.Path}/boot.json").Out, StringComparison.Ordinal);
    }

    /// <summary>With a root of another machine and no copy of its /sys, this machine's says nothing about it.</summary>
    [Fact]
    public void A_timeline_has_what_was_live_before_the_daemon()
    {
        Write("boot.json", """
            {"version":1,"release":"1.0-test","cpus":1,"timeline":[
            {"module":"mid","firstAsker":null,"asked":"mid","last":{"module":"mid","outcome":"loaded"},
            "first":{"needed":["base"],"calledAtUs":2,"endedAtUs":3,"errno":null}},
            {"module":"half","first":{"needed":["mid"],"calledAtUs":4,"endedAtUs":5,"errno":null}},
            {"module":"nic","firstAsker":"/devices/n","asked":"pci:v00008086d00001234sv","first":null,
            "last":{"module":"nic","outcome":"alreadyLive"}}],
            "liveModules":["base","half","mid","nic","stray"]}
            """);
        string[] place = ["-r", _root.Path, "-k", ModuleRoot.Release];
        var learned = CommandLineRun.Run(["policy", "learn", $"{_root.Path}/boot.json", .. place]).Out;
        Assert.Contains("boot.json: live\nallow stray\n", learned, StringComparison.Ordinal);
        Assert.Contains(
            "boot.json: /devices/n: pci:v00008086d00001234sv\nallow nic\n", learned, StringComparison.Ordinal);
        Assert.DoesNotContain("allow mid", learned, StringComparison.Ordinal);
        Policy("forbid mid stray");
        var check = CommandLineRun.Run(["policy", "check", $"{_root.Path}/boot.json", .. place]);
        Assert.Equal(1, check.Exit);
        Assert.Matches(@"\nmid .*/boot.json: needed by half ", check.Out);
        Assert.Matches(@"\nstray .*/boot.json: live ", check.Out);
    }

    [Fact]
    public void Learn_replaces_no_list_and_writes_none_that_forbids_everything()
    {
        var list = $"{_root.Path}/etc/drover/policy.d/x.conf";
        Policy("allow top");
        var again = Run("learn", "-o", list);
        Assert.Equal((1, true), (again.Exit, again.Error.EndsWith(
            "is there already: remove it, or write another file and compare\n", StringComparison.Ordinal)));
        Assert.Equal("allow top", File.ReadAllText(list));
        foreach (var file in (string[])["etc/fstab", "usr/bin/podman", "etc/modules-load.d/site.conf"])
            File.Delete($"{_root.Path}/{file}");
        var nothing = CommandLineRun.Run("policy", "learn", "-r", _root.Path, "-k", ModuleRoot.Release);
        Assert.Equal((1, ""), (nothing.Exit, nothing.Out));
        Assert.Contains("nothing asks for a module here: ", nothing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_of_another_machine_is_named()
    {
        Write("boot.json", """
            {"release":"2.0-other","cpus":1,"timeline":[{"module":"slowfs","firstAsker":"mount (pid 1)",
            "asked":"fs-slow","first":{"calledAtUs":2,"endedAtUs":3,"errno":null}}]}
            """);
        var error = Local(Run("learn", $"{_root.Path}/boot.json")).Error;
        Assert.Contains(
            "with kernel 2.0-other; this looks at the modules of 1.0-test\n", error, StringComparison.Ordinal);
        Assert.EndsWith(" does not have are left out: slowfs\n", error, StringComparison.Ordinal);
        Policy("forbid closed client:uid:7");
        Assert.EndsWith("(client:) are not checked: 1\n", Run("check").Error, StringComparison.Ordinal);
        Policy("forbid nic algif-aed closed\nallow fs-ext4 pci:*");
        var check = CommandLineRun.Run(["policy", "check", "-r", _root.Path, "-k", ModuleRoot.Release]);
        Assert.Contains("is known from recordings only: --sys names a copy", check.Error, StringComparison.Ordinal);
        Assert.Contains(
            $"policy.d/x.conf:1: 'algif_aed' is no module and no alias in {_root.Path}/", check.Error,
            StringComparison.Ordinal);
        Assert.Equal(2, check.Error.Trim().Split('\n').Length);
        Directory.Delete($"{_root.Path}/sys", recursive: true);
        Write("sys/module/x", "");
        Directory.CreateDirectory($"{_root.Path}/sys/devices");
        File.Delete($"{_root.Path}/etc/fstab");
        File.Delete($"{_root.Path}/usr/bin/podman");
        File.Delete($"{_root.Path}/etc/modules-load.d/site.conf");
        Assert.Equal(
            "Nothing asks for a module here, so nothing was checked; the policy has 2 lines\n", Run("check").Out);
    }

    [Fact]
    public void Export_writes_what_kmod_understands_and_says_what_is_lost()
    {
        Policy("""
            default forbid
            allow top
            allow nic*
            warn ext4
            forbid half because it is old
            forbid path:*/updates/*
            forbid usb:v0BDA*
            forbid usb:v1* path:*/updates/*
            forbid usb:v2* when booted
            forbid usb:v3* client:uid:1000
            forbid usb:v4* unsigned
            forbid unsigned client:uid:7
            allow stray when booted
            prefer nic_vendor over nic
            """);
        Local(Run("export", "--modprobe.d")).ShouldBe("policy-export.txt");
    }

    [Fact]
    public void Learn_says_where_it_sees_no_device()
    {
        Directory.Delete($"{_root.Path}/sys/devices", recursive: true);
        Directory.CreateDirectory($"{_root.Path}/sys/devices");
        Assert.Contains("/sys: devices are missing", Run("learn").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_reads_install_lines_and_shows_blacklist_lines() =>
        Local(Run("import")).ShouldBe("policy-import.txt");

    [Fact]
    public void What_is_imported_is_a_policy()
    {
        Policy(Run("import", "--blacklist").Out);
        var run = Run("check");
        Assert.Equal((0, ""), (run.Exit, run.Error)); // a device asks for pcspkr, but the blacklist keeps it out
        Assert.Contains("has 3 lines", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing: check, learn, export or import")]
    [InlineData("unknown task 'teach'", "teach")]
    [InlineData("unexpected argument 'x'", "import", "x")]
    [InlineData("add --modprobe.d", "export")]
    public void A_mistake_is_named(string message, params string[] args)
    {
        var run = CommandLineRun.Run(["policy", .. args]);
        Assert.Equal(2, run.Exit);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    CommandLineRun Run(params string[] args) => CommandLineRun.Run(
        ["policy", .. args, "-r", _root.Path, "-k", ModuleRoot.Release, "--sys", $"{_root.Path}/sys"]);

    CommandLineRun Local(CommandLineRun run) => run with
    {
        Out = run.Out.Replace(_root.Path, "ROOT", StringComparison.Ordinal),
        Error = run.Error.Replace(_root.Path, "ROOT", StringComparison.Ordinal),
    };

    void Policy(string text) => Write("etc/drover/policy.d/x.conf", text);

    void Write(string path, string text) =>
        ModuleRoot.WriteFile($"{_root.Path}/{path}", Encoding.UTF8.GetBytes(text));
}
