using System.Text;
using System.Text.Json;
using Drover.Control;
using Drover.Kernel;
using Drover.Loading;
using Drover.Modules.Config;
using Drover.Modules.Tree;
using Drover.Study.Policy;
using Drover.Study.Why;
using Drover.Tests.Kmod;

namespace Drover.Tests.Commands;

/// <summary>drover why, in situations that people ask about. Golden: what it says in each.</summary>
public sealed class WhyTests : IDisposable
{
    const string Configuration = """
        alias mynet loop
        blacklist pcspkr
        blacklist noisy
        install closed /bin/false
        install half /bin/false
        softdep half pre: base
        options loop max_loop=8

        """;

    readonly ModuleRoot _root = new ModuleRoot()
        .Write("kernel/base.ko", new TestModule { Exports = ["s"] })
        .Write("kernel/mid.ko", new TestModule { Needs = ["s"], Exports = ["t"] })
        .Write("kernel/top.ko", new TestModule { Needs = ["t"] })
        .Write("kernel/loop.ko", new TestModule { Info = ["alias=devname:loop-control"] })
        .Write("kernel/pcspkr.ko", new TestModule { Info = ["alias=platform:pcspkr"] })
        .Write("kernel/noisy.ko", new TestModule())
        .Write("kernel/nic.ko", new TestModule { Info = ["alias=pci:v00008086d00001*"] })
        .Write("updates/nic_vendor.ko", new TestModule { Info = ["alias=pci:v00008086d00001*"] })
        .Write("kernel/closed.ko", new TestModule()).Write("kernel/half.ko", new TestModule())
        .Write("kernel/gone.ko", new TestModule()).Write("kernel/ext4.ko", new TestModule { Info = ["alias=fs-ext4"] })
        .Write("modules.builtin", "kernel/built.ko\n")
        .Write("/etc/modprobe.d/site.conf", Configuration)
        .Write("/etc/modules-load.d/site.conf", "top\n")
        .Write("/etc/fstab", "# boot\n/dev/sda1 / ext4 defaults 0 1\n").Index();

    readonly StringBuilder _text = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Each_situation_has_its_reason()
    {
        File.Delete($"{_root.Directory}/kernel/gone.ko");
        Device("pci0000:00/0000:00:19.0", "pci:v00008086d00001234sv");
        Device("platform/pcspkr", "platform:pcspkr");
        Module("loop", "live");
        Module("mid", "live", "top");
        Module("top", "live");
        Module("base", "live", "mid");
        Module("noisy", "coming");
        Module("half", "going");
        Say("live, and nothing here asks for it", "loop");
        Say("live, because a live module needs it", "base");
        Say("live, because a line of modules-load.d asks for it", "top");
        Say("built in", "built");
        Say("its load is in the kernel", "noisy");
        Say("it is being removed", "half");
        Say("a device asks for it, but it is blacklisted", "pcspkr");
        Say("an install line closes it", "closed");
        Say("its file is missing", "gone");
        Say("a file system of /etc/fstab asks for it", "ext4");
        Say("by a modalias with two drivers", "pci:v00008086d00001234sv");
        Say("by an alias of modprobe.d", "mynet");
        Say("no such module", "lopo");
        Say("no driver for a device", "usb:v1234p5678");
        Module("half", null);
        Say("an install line closes it, whatever softdeps it has", "half");
        Module("noisy", null);
        Say("blacklisted, and nothing here asks for it", "noisy");
        Module("mid", null);
        Module("top", null);
        Module("base", null);
        Policy("forbid base because CVE-2026-1\nwarn nic\nprefer nic_vendor over nic\nforbid closed client:uid:7");
        Say("the policy forbids it", "base");
        Say("the policy forbids what it needs", "top");
        Say("the policy warns of it", "nic");
        Say("the policy forbids it to some programs", "closed");
        Say("the policy prefers another driver", "pci:v00008086d00001234sv");
        Policy("default forbid\nallow nic*");
        Say("no line of the policy allows it", "ext4");
        Policy("mode warn-only\nforbid ext4");
        Say("the policy is warn-only", "ext4");
        Policy("");
        _commandLine = "quiet module_blacklist=nic,mid";
        Say("the kernel's command line keeps it out", "nic");
        Say("the kernel's command line keeps out what it needs", "top");
        _commandLine = "";
        File.CreateSymbolicLink($"{_root.Path}/etc/drover/policy.d/y.conf", "/dev/zero");
        Say("a file of the policy cannot be read", "nic");
        File.Delete($"{_root.Path}/etc/drover/policy.d/y.conf");
        Say("a name with a dot", "loop.o");
        Module("ext4", "live");
        var unit = new RequestingProcess(7) { Comm = "backup", UserId = 1000, Unit = "backup.service" };
        Record("ext4", new("ext4", OutcomeKind.Loaded), unit);
        Say("the daemon loaded it for a program", "ext4");
        Record("ext4", new("ext4", OutcomeKind.AlreadyLive), unit with { Comm = "mount", IsKernel = true });
        Say("the daemon loaded it for the kernel", "ext4");
        Record("ext4", new("ext4", OutcomeKind.Loaded), new RequestingProcess(0) { IsKernel = true });
        Say("the daemon loaded it for the kernel, and its trace is closed", "ext4");
        Record("base", new("base", OutcomeKind.Loaded), null);
        _daemon!.Add(new ModuleRecord(
            "mid", 1, 1, new("mid", OutcomeKind.Loaded), "modprobe (pid 3)", "mid", null)
        {
            First = Loaded(2, "base"),
        });
        Module("base", "live");
        Say("the daemon loaded it for another module", "base");
        Record("nic", new("nic", OutcomeKind.Failed, Errno.ENODEV), null, "/devices/pci0000:00/0000:00:19.0");
        Say("the daemon's last load failed", "nic");
        Record("closed", new("closed", OutcomeKind.Forbidden, Errno.EPERM, "not loaded: policy forbids it (x.conf:1)"),
            unit);
        Say("the daemon refused it", "closed");
        File.Delete($"{_root.Directory}/modules.dep.bin");
        File.Delete($"{_root.Directory}/modules.dep");
        File.Delete($"{_root.Directory}/modules.alias.bin");
        File.Delete($"{_root.Directory}/modules.alias");
        _daemon = null;
        Say("depmod never ran", "nic");
        new CommandLineRun(0, _text.ToString(), "").ShouldBe("why.txt");
    }

    [Fact]
    public void The_verb_prints_the_same_and_json_and_fails_for_an_unknown_name()
    {
        Device("platform/pcspkr", "platform:pcspkr");
        var run = Run("top", "lopo");
        Assert.Equal("", run.Error);
        Assert.Equal(1, run.Exit);
        Assert.StartsWith("top: not loaded: ", run.Out, StringComparison.Ordinal);
        Assert.Contains("\n\nlopo: unknown: ", run.Out, StringComparison.Ordinal);
        run = Run("--json", "top");
        Assert.Equal(0, run.Exit);
        using var json = JsonDocument.Parse(run.Out);
        Assert.Equal("not loaded", json.RootElement[0].GetProperty("state").GetString());
        Assert.EndsWith("/etc/modules-load.d/site.conf:1", json.RootElement[0].GetProperty("askedBy")[0]
            .GetProperty("by").GetString(), StringComparison.Ordinal);
        Assert.Equal((2, 2), (Run().Exit, CommandLineRun.Run("why").Exit));
    }

    [Theory]
    [InlineData("loop.ko")]
    [InlineData("./loop.ko.xz")]
    [InlineData("/lib/modules/loop.ko")]
    public void A_file_is_named_as_such(string file)
    {
        var run = Run("top", file);
        Assert.Equal((2, ""), (run.Exit, run.Out));
        Assert.StartsWith(
            $"drover: why: '{file}' is a file, not a module's name: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(" and 'drover why loop' is about its module.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_line_of_the_configuration_is_reported()
    {
        Device("platform/pcspkr", "platform:pcspkr");
        _root.Write("/etc/modprobe.d/bad.conf", "blacklst top\n");
        var run = Run("top");
        Assert.Equal(0, run.Exit);
        Assert.Contains("/etc/modprobe.d/bad.conf:1: ", run.Error, StringComparison.Ordinal);
    }

    List<ModuleRecord>? _daemon;
    string _commandLine = "";

    CommandLineRun Run(params string[] args) => CommandLineRun.Run(
        ["why", "-r", _root.Path, "-k", ModuleRoot.Release, "--sys", $"{_root.Path}/sys", .. args]);

    void Say(string situation, string asked)
    {
        var config = ModprobeConfig.Load(new() { Root = _root.Path, ModuleDirectory = _root.Directory });
        var catalog = new ModuleCatalog(ModuleTree.OpenOrEmpty(_root.Directory), config)
        {
            Policy = ModulePolicy.Load(new() { Root = _root.Path }),
        };
        var sys = $"{_root.Path}/sys";
        Directory.CreateDirectory(sys);
        var machine = new WhyMachine(
            catalog, sys, from =>
                [
                    .. ModuleWishes.OfDevices(sys, from), .. ModuleWishes.OfModulesLoad(_root.Path, from),
                    .. ModuleWishes.OfFileSystems(_root.Path, from),
                ])
        {
            DaemonRecords = _daemon,
            CommandLine = _commandLine,
        };
        using var output = new StringWriter { NewLine = "\n" };
        WhyText.Write([.. machine.Explain(asked)], output);
        _text.Append(
            $"--- {situation}\n$ drover why {asked}\n"
            + output.ToString().Replace(_root.Path, "ROOT", StringComparison.Ordinal));
    }

    void Device(string path, string modalias) =>
        ModuleRoot.WriteFile(
            $"{_root.Path}/sys/devices/{path}/uevent", Encoding.UTF8.GetBytes($"MODALIAS={modalias}\n"));

    void Module(string name, string? state, string? holder = null)
    {
        var directory = $"{_root.Path}/sys/module/{name}";
        if (state is null)
        {
            Directory.Delete(directory, recursive: true);
            return;
        }
        ModuleRoot.WriteFile($"{directory}/initstate", Encoding.UTF8.GetBytes($"{state}\n"));
        Directory.CreateDirectory($"{directory}/holders{(holder is null ? "" : $"/{holder}")}");
    }

    void Policy(string text) =>
        ModuleRoot.WriteFile($"{_root.Path}/etc/drover/policy.d/x.conf", Encoding.UTF8.GetBytes(text));

    void Record(string module, ModuleOutcome last, RequestingProcess? process, string? requester = null)
    {
        requester ??= process?.Describe();
        _daemon =
        [
            new ModuleRecord(module, requester is null ? 0 : 3, 1, last, requester, AskedFor(module), null)
            {
                FirstProcess = process,
                First = last.IsAvailable ? Loaded(1.5) : null,
                LastRequester = requester is null ? null : "drover load (pid 8)",
                LastRequestedName = requester is null ? null : module,
                LastProcess = requester is null ? null : new RequestingProcess(8) { Comm = "drover", UserId = 0 },
                Refused = last.Kind is not OutcomeKind.Forbidden
                    ? null
                    : new ModuleRefusal(TimeSpan.FromSeconds(9.1), requester, module, last.Why!) { Process = process },
            },
        ];

        string AskedFor(string name) => process is { IsKernel: true } ? $"fs-{name}" : name;
    }

    static FirstLoad Loaded(double seconds, params string[] needed) => new(
        TimeSpan.FromSeconds(1), needed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(seconds));
}
