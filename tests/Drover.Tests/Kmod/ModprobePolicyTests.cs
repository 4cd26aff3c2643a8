namespace Drover.Tests.Kmod;

/// <summary>The tools under a policy: what they print, and that a forbidden module fails.</summary>
public sealed class ModprobePolicyTests : IDisposable
{
    readonly ModuleRoot _root = new ModuleRoot()
        .Write("kernel/base.ko", new TestModule { Exports = ["s"] })
        .Write("kernel/mid.ko", new TestModule { Needs = ["s"], Exports = ["t"], Info = ["alias=net-pf-10"] })
        .Write("kernel/top.ko", new TestModule { Needs = ["t"] })
        .Write("updates/alone.ko", new TestModule { Info = ["name=alone", "alias=net-pf-10"] })
        .Write("/c.conf", "softdep alone pre: mid\n").Index();

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData("forbid base because CVE-2026-1", "base", "policy forbids it (P:1: because CVE-2026-1)")]
    [InlineData("forbid base", "top", "needs mid, which needs base, which policy forbids (P:1: forbid base)")]
    [InlineData("forbid path:*/updates/*", "alone", "policy forbids it (P:1: forbid path:*/updates/*)")]
    [InlineData("forbid unsigned", "base", "policy forbids it (P:1: forbid unsigned)")]
    [InlineData("default forbid\nallow top", "mid", "no line of the policy allows it (P:1: default forbid)")]
    public void Shown_loads_fail_where_the_policy_forbids_them(string policy, string name, string why)
    {
        Policy(policy);
        why = $"not loaded: {why}";
        foreach (var option in (string[])["-n", "-D"])
        {
            var run = Run(option, name);
            Assert.Equal((1, "", $"modprobe: ERROR: {name}: {why}\n"), (run.Exit, run.Out, run.Error));
            Assert.Equal((1, ""), (Run(option, "-q", name).Exit, Run(option, "-q", name).Error));
            run = Run(option, "--override-policy", name);
            Assert.Equal((0, ""), (run.Exit, run.Error));
        }
        Assert.Contains($"policy     {name}: {why}\n", Run("--explain", name).Out, StringComparison.Ordinal);
        Assert.Contains($"\"forbidden\": \"{why}\"", Run("--json", "-R", name).Out, StringComparison.Ordinal);
        Assert.Equal((0, $"{name}\n"), (Run("-R", name).Exit, Run("-R", name).Out));
    }

    [Fact]
    public void A_path_is_one_of_the_root_however_that_is_given()
    {
        Policy("forbid path:/lib/modules/*/updates/*");
        foreach (var root in (string[])[_root.Path, Path.GetRelativePath(Environment.CurrentDirectory, _root.Path)])
        {
            foreach (var line in (string[])["modprobe -n -S", "modprobe -D -S", "modprobe --explain -S", "load -n -k"])
            {
                var rootOption = line[0] == 'm' ? "-d" : "-r";
                var run = CommandLineRun.Run([.. line.Split(' '), ModuleRoot.Release, rootOption, root, "alone"]);
                Assert.Contains("policy forbids it", run.Out + run.Error, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void An_allowed_module_is_shown_with_what_it_needs()
    {
        Policy("default forbid\nallow top");
        var run = Run("-D", "top");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Equal(["base.ko", "mid.ko", "top.ko"], FilesOf(run.Out));
    }

    [Fact]
    public void A_forbidden_softdep_is_not_shown()
    {
        Policy("forbid mid");
        var run = Run("-D", "alone");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Equal(["alone.ko"], FilesOf(run.Out));
    }

    [Fact]
    public void A_preferred_module_is_the_only_one_of_its_alias()
    {
        Policy("prefer alone over mid");
        Assert.Equal(["base.ko", "mid.ko", "alone.ko"], FilesOf(Run("-D", "net-pf-10").Out)); // mid as a softdep
        Policy("prefer mid over alone");
        Assert.Equal(["base.ko", "mid.ko"], FilesOf(Run("-D", "net-pf-10").Out));
        Assert.Contains(
            "alone is left out: policy prefers mid (P:1)", Run("--explain", "net-pf-10").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_lines_are_warned_of()
    {
        Policy("forbid\nallow top");
        Assert.Equal(
            "modprobe: WARNING: policy: P:1: 'forbid' needs a pattern: a module or modalias, path:, signer:, unsigned "
                + "or client:\n",
            Run("-n", "top").Error);
    }

    [Fact]
    public void Dry_run_of_load_says_what_is_left_out()
    {
        Policy("forbid mid\nwarn top");
        var run = CommandLineRun.Run("load", "-n", "-r", _root.Path, "top", "base");
        Assert.Equal(
            (1, "drover: top: not loaded: needs mid, which policy forbids (P:1: forbid mid)\n"),
            (run.Exit, WithoutPlace(run.Error)));
        Assert.DoesNotContain(" top ", run.Out, StringComparison.Ordinal);
        Assert.Contains(" base ", run.Out, StringComparison.Ordinal);
    }

    /// <summary>In a mount namespace with a policy and a seal: the kernel refuses these files, and says why.</summary>
    [Theory]
    [InlineData("modprobe alone", "", "", false)]
    [InlineData("insmod /m/updates/alone.ko", "", "", false)]
    [InlineData("insmod /m/updates/alone.ko", "default forbid", "alone", true)]
    [InlineData("insmod /m/updates/alone.ko", "forbid path:/mnt/m/*", "alone", true)]
    [InlineData("ln -s /m/updates /run/l; insmod /run/l/alone.ko", "forbid path:*/updates/alone.ko", "alone", true)]
    [InlineData("insmod /m//updates/alone.ko", "forbid path:*/1.0-test/updates/alone.ko", "alone", true)]
    [InlineData("insmod /dev/stdin </m/updates/alone.ko", "forbid path:*/updates/alone.ko", "stdin", true)]
    [InlineData("insmod --override-policy /m/updates/alone.ko", "default forbid", "", false)]
    [InlineData("cp /m/updates/alone.ko /m/good.ko; insmod /m/good.ko", "forbid alone", "good", true)]
    [InlineData("modprobe alone", "default forbid\nallow mid", "alone", true)]
    [InlineData("modprobe --override-policy alone", "default forbid", "", false)]
    [InlineData("drover seal; modprobe alone", "allow alone when booted", "", false)]
    [InlineData("drover seal; modprobe alone", "allow alone", "alone", true)]
    [InlineData("drover seal; modprobe alone", "", "alone", true)]
    [InlineData("drover seal; modprobe -D alone", "", "", false)]
    [InlineData("drover seal; modprobe alone", "mode warn-only", "", false)]
    [InlineData("modprobe alone", "forbid alone client:uid:0", "alone", true)]
    [InlineData("modprobe alone", "forbid alone client:uid:1", "", false)]
    public void Loads_on_this_machine_obey_the_policy(string line, string policy, string module, bool isForbidden)
    {
        Policy(policy);
        var run = InNamespace(line);
        Assert.Equal(isForbidden, run.Error.Contains(": not loaded: ", StringComparison.Ordinal));
        if (isForbidden)
            Assert.Contains($"{module}", run.Error, StringComparison.Ordinal);
        else
            Assert.True(run.Exit == 0 || run.Error.Contains("could not insert", StringComparison.Ordinal), run.Error);
    }

    [Theory]
    [InlineData("insmod --override-policy /m/updates/alone.ko", "insmod")]
    [InlineData("modprobe --override-policy alone", "modprobe")]
    public void What_does_not_stop_a_load_is_a_warning(string line, string tool)
    {
        Policy("default forbid\nnonsense");
        var lines = InNamespace(line).Error.Split('\n');
        Assert.StartsWith($"{tool}: WARNING: policy: ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith($"{tool}: WARNING: alone: ", lines[1], StringComparison.Ordinal);
    }

    ToolRun InNamespace(string line)
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root may mount directories");
        var release = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        foreach (var tool in new[] { "modprobe", "insmod", "drover" })
        {
            ModuleRoot.WriteFile($"{_root.Path}/bin/{tool}", []);
            File.WriteAllText(
                $"{_root.Path}/bin/{tool}",
                $"#!/bin/bash\nexec {AppContext.BaseDirectory}drover {(tool == "drover" ? "" : tool)} \"$@\"\n");
        }
        var preparation = $"""
            chmod +x bin/*; export PATH=$PWD/bin:$PATH LC_ALL=C
            mount -t tmpfs run /run; mount -t tmpfs etc /etc/modprobe.d
            mkdir -p /run/drover/policy.d; cp etc/drover/policy.d/* /run/drover/policy.d/
            mount -t tmpfs lib /lib/modules; mkdir -p /lib/modules/{release}
            cp -r {_root.Directory}/. /lib/modules/{release}; mount -t tmpfs mnt /mnt; ln -sfn {_root.Directory} /mnt/m

            """;
        return NamespaceScript.Run(_root.Path, preparation, [line.Replace("/m/", "/mnt/m/")])[0];
    }

    void Policy(string text) => ModuleRoot.WriteFile(PolicyFile, System.Text.Encoding.UTF8.GetBytes(text));

    string PolicyFile => $"{_root.Path}/etc/drover/policy.d/x.conf";

    ToolRun Run(params string[] args)
    {
        var run = CommandLineRun.Run(
            ["modprobe", "-d", _root.Path, "-S", ModuleRoot.Release, "-C", $"{_root.Path}/c.conf", .. args]);
        return new ToolRun(run.Exit, WithoutPlace(run.Out), WithoutPlace(run.Error));
    }

    string WithoutPlace(string text) => text.Replace(PolicyFile, "P", StringComparison.Ordinal);

    static string[] FilesOf(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Path.GetFileName(line.Trim()))];
}
