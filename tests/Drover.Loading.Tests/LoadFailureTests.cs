using Drover.Kernel;

namespace Drover.Loading.Tests;

/// <summary>What is said about each usual cause of a failed load: the kernel's lines are those of its source.</summary>
public sealed class LoadFailureTests
{
    static readonly LoadCall s_call = new("nic", "/lib/modules/6.1/nic.ko", LoadVia.FinitModule, "");

    /// <summary>Errno, the kernel's line, a part of the sentence.</summary>
    public static TheoryData<Errno, string, string> Lines => new()
    {
        {
            Errno.ENOEXEC, "nic: version magic '6.0.0-1 SMP mod_unload ' should be '6.1.0-9 SMP mod_unload '",
            "built for kernel 6.0.0-1, and 6.1.0-9 is running"
        },
        {
            Errno.ENOEXEC, "nic: version magic '6.1.0-9 mod_unload ' should be '6.1.0-9 SMP mod_unload '",
            "another configuration of this kernel ('6.1.0-9 mod_unload ')"
        },
        {
            Errno.ENOEXEC, "module nic: .gnu.linkonce.this_module section size must match the kernel's built struct "
                + "module size at run time",
            "another configuration of the kernel"
        },
        { Errno.EINVAL, "nic: disagrees about version of symbol mdio_read", "phylib exports it" },
        { Errno.EINVAL, "nic: disagrees about version of symbol printk", "the kernel exports it" },
        { Errno.EINVAL, "nic: no symbol version for module_layout", "without versions of its symbols" },
        {
            Errno.EINVAL, "module nic uses symbol dma_x from namespace DMA_BUF, but does not import it.",
            "MODULE_IMPORT_NS(DMA_BUF)"
        },
        { Errno.ENOENT, "nic: Unknown symbol gone (err -2)", "no module of this kernel exports symbol gone" },
        { Errno.EINVAL, "nic: `many' invalid for parameter `rings'", "parameter rings does not take 'many'" },
        { Errno.ENOSPC, "nic: `123456789' too large for parameter `name'", "parameter name does not take '123456789'" },
        { Errno.ENOENT, "nic: Unknown parameter `ringz'", "no parameter ringz; did you mean 'rings'?" },
        { Errno.EPERM, "Module nic is blacklisted", "the kernel's command line forbids it" },
        { Errno.EPERM, "LoadPin: kernel-module denied obj=\"/tmp/nic.ko\" pid=7", "loadpin.enforce=0" },
        { Errno.EACCES, "ima: impossible to appraise a module without a file descriptor.", "IMA's policy" },
        {
            Errno.EACCES, "audit: type=1800 audit(1.2:3): pid=7 uid=0 op=appraise_data cause=IMA-signature-required",
            "IMA's policy"
        },
        { Errno.EKEYREJECTED, "Loading of unsigned module is rejected", "it has no signature" },
        {
            Errno.EPERM, "Lockdown: modprobe: unsigned module loading is restricted; see man kernel_lockdown.7",
            "it has no signature"
        },
        {
            Errno.ENOENT, "nic 0000:00:14.3: Direct firmware load for nic/fw-7.bin failed with error -2",
            "firmware nic/fw-7.bin is missing"
        },
        {
            Errno.ENOENT, "platform phy.0: Direct firmware load for listed.bin failed with error -2",
            "firmware listed.bin is missing"
        },
        { Errno.EBUSY, "nic: init suspiciously returned -EEXIST: Overriding with -EBUSY", "is there already" },
        { Errno.ENOMEM, "nic: Could not allocate 4096 bytes percpu data", "per-CPU data" },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void Line_of_the_kernel_has_its_sentence(Errno error, string line, string part) =>
        Assert.Contains(part, Explain(error, new FailureFacts
        {
            Lines = ["nic: loading out-of-tree module taints kernel.", line],
            Info =
            [
                new("parm", "rings:number of rings (int)"), new("parmtype", "debug:int"), new("firmware", "listed.bin"),
            ],
        }), StringComparison.Ordinal);

    [Theory]
    [InlineData(Errno.EPERM, "kernel.modules_disabled is 1")]
    [InlineData(Errno.EEXIST, "another driver, or one that is built into the kernel")]
    [InlineData(Errno.EBUSY, "that what it registers is there already: another driver has it")]
    [InlineData(Errno.ENOMEM, "5 MiB are available")]
    [InlineData(Errno.ENOEXEC, "built for kernel 6.0.0-1, and 6.1.0-9 is running")]
    public void Machine_without_a_line_of_the_kernel_has_its_sentence(Errno error, string part) =>
        Assert.Contains(part, Explain(error, new FailureFacts
        {
            IsDisabled = true,
            AvailableBytes = 5 << 20,
            Release = "6.1.0-9",
            Info = [new("vermagic", "6.0.0-1 SMP mod_unload ")],
        }), StringComparison.Ordinal);

    [Fact]
    public void Names_of_the_kernels_command_line_are_compared_whole()
    {
        Assert.Contains(
            "module_blacklist=",
            Explain(Errno.EPERM, new FailureFacts { CommandLine = "quiet module_blacklist=loop,nic" }),
            StringComparison.Ordinal);
        Assert.Null(Explain(Errno.EPERM, new FailureFacts { CommandLine = "module_blacklist=nic2 nic" }));
    }

    [Theory]
    [InlineData(null, "sig_enforce", "it has no signature, and module.sig_enforce is on")]
    [InlineData(null, "integrity", "it has no signature, and lockdown is on (integrity")]
    [InlineData("Somebody", "sig_enforce", "no keyring of the kernel has a key of that name")]
    [InlineData("Debian", "sig_enforce", "no keyring of the kernel has a key of that name")] // a part of a name
    [InlineData("Debian Secure Boot CA", "integrity", "the signature does not fit the file")]
    [InlineData("Somebody", null, "this kernel loads only signed modules")]
    public void Signature_is_compared_with_the_kernels_keys(string? signer, string? mode, string part)
    {
        const string Keys = "1b2 I------ 1 perm 1f030000 0 0 asymmetri Debian Secure Boot CA: 6ccece7e: X509.rsa 0 []\n"
            + "1b3 I------ 1 perm 1f0b0000 0 0 keyring   .builtin_trusted_keys: 1";
        Assert.Contains(part, Explain(Errno.EKEYREJECTED, new FailureFacts
        {
            Info = signer is null ? [] : [new("signer", signer)],
            EnforcesSignatures = mode == "sig_enforce",
            Lockdown = mode == "integrity" ? mode : null,
            Keys = Keys,
        }), StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_that_cannot_be_read_are_not_claimed_to_lack_the_signer() => Assert.EndsWith(
        "the kernel does not accept that signature",
        Explain(Errno.EKEYREJECTED, new FailureFacts { Info = [new("signer", "Somebody")] }),
        StringComparison.Ordinal);

    [Fact]
    public void More_missing_symbols_than_three_are_counted() => Assert.Contains(
        "exports symbol a, b, c and 2 more: it was built for another kernel, or needs a module that is not installed",
        Explain(Errno.ENOENT, new FailureFacts
        {
            Lines = [.. "abcade".Select(symbol => $"nic: Unknown symbol {symbol} (err -2)")],
        }), StringComparison.Ordinal);

    [Fact]
    public void Firmware_that_another_driver_lacks_is_no_cause() => Assert.Null(Explain(Errno.EIO, new()
    {
        Lines = ["platform regulatory.0: Direct firmware load for regulatory.db failed with error -2"],
        Info = [new("firmware", "nic.bin")],
    }));

    [Theory]
    [InlineData(Errno.EIO)]
    [InlineData(Errno.EINVAL)]
    [InlineData(Errno.ENOEXEC)]
    public void Errno_without_a_known_cause_has_no_sentence(Errno error) => Assert.Null(Explain(error, new()
    {
        Lines = ["nic: something else"],
    }));

    [Fact]
    public void Outcome_of_a_failed_load_has_the_cause_and_the_kernels_lines_and_so_has_its_dependents()
    {
        var scene = new Scene(
            [
                new("nic") { Inode = 1, Replies = [Errno.EKEYREJECTED] },
                new("top") { Inode = 2, Dependencies = ["nic"] },
            ]);
        scene.Machine.Facts = new FailureFacts { Lines = ["Loading of unsigned module is rejected"] };
        var outcome = scene.Run(loader => Scene.One(loader, "top"));
        Assert.Equal(OutcomeKind.Failed, outcome.Kind);
        Assert.StartsWith(
            "it needs nic: finit_module: EKEYREJECTED (it has no signature, and this kernel loads only signed modules",
            outcome.Why, StringComparison.Ordinal);
        Assert.EndsWith("; the kernel's log: Loading of unsigned module is rejected", outcome.Why);
    }

    [Fact]
    public void All_lines_count_and_the_last_six_are_shown()
    {
        var scene = new Scene([new("nic") { Inode = 1, Replies = [Errno.ENOENT] }]);
        scene.Machine.Facts = new FailureFacts
        {
            Lines = [.. Enumerable.Range(1, 9).Select(i => $"nic: Unknown symbol s{i} (err -2)")],
        };
        var why = scene.Run(loader => Scene.One(loader, "nic")).Why!;
        Assert.Contains("exports symbol s1, s2, s3 and 6 more: ", why, StringComparison.Ordinal);
        Assert.Contains("; the kernel's log: nic: Unknown symbol s4 (err -2) | ", why, StringComparison.Ordinal);
        Assert.EndsWith(" | nic: Unknown symbol s9 (err -2)", why, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_dependency_is_the_cause_whatever_the_log_says()
    {
        var nic = new SimulatedModule("nic") { Inode = 1, Replies = [Errno.ENOENT], Dependencies = ["phylib"] };
        var phylib = new SimulatedModule("phylib") { Inode = 2 };
        var scene = new Scene([nic, phylib]) { };
        scene.Machine.Forgiving = true;
        scene.Machine.Facts = new FailureFacts { Lines = ["nic: Unknown symbol mdio_read (err -2)"] };
        var outcome = scene.Run(loader =>
        {
            loader.ReceivesRemovals = false;
            scene.Loop.Detach(RemoveAsync());
            return Scene.One(loader, "nic");
        });
        Assert.Contains("its dependency phylib is not live", outcome.Why, StringComparison.Ordinal);
        Assert.Contains("Unknown symbol mdio_read", outcome.Why, StringComparison.Ordinal);

        async Task RemoveAsync()
        {
            while (nic.Calls < 2)
            {
                await scene.Loop.Delay(TimeSpan.FromMilliseconds(1));
                if (nic.State is InitState.Coming)
                    phylib.State = InitState.Absent;
            }
        }
    }

    [Fact]
    public void Driver_without_hardware_and_a_load_that_succeeds_at_last_are_not_examined()
    {
        var scene = new Scene(
            [
                new("none") { Inode = 1, Replies = [Errno.ENODEV] },
                new("late") { Inode = 2, Replies = [Errno.ENOMEM, Errno.None] },
            ]);
        scene.Run(async loader =>
        {
            await Scene.One(loader, "none");
            return await Scene.One(loader, "late");
        });
        Assert.Empty(scene.Machine.Examined);
    }

    [Theory]
    [InlineData("", "GPL", "it needs symbol mdio_read, mdio_write, phy_up of phylib, libphy, not loaded: modprobe "
        + "loads what a module needs (if not, run depmod), insmod does not")]
    [InlineData("phylib", "GPL", "it needs symbol mdio_read, mdio_write, phy_up of libphy, not loaded: ")]
    [InlineData("phylib libphy", "Dual BSD/GPL", "the phylib that is loaded does not export symbol mdio_read, ")]
    [InlineData("phylib libphy", null, "the phylib that is loaded does not export symbol mdio_read, ")]
    [InlineData("phylib libphy", "Proprietary",
        "phylib exports symbol mdio_read, mdio_write, phy_up only to modules under the GPL")]
    public void Exporter_of_a_missing_symbol_is_named_as_it_is(string live, string? license, string sentence) =>
        Assert.StartsWith(sentence, Explain(Errno.ENOENT, new FailureFacts
        {
            Lines = [.. s_exports.Keys.Select(symbol => $"nic: Unknown symbol {symbol} (err -2)")],
            Info = license is null ? [] : [new("license", license)],
        }, live.Split(' ')), StringComparison.Ordinal);

    static readonly Dictionary<string, string> s_exports = new()
    {
        ["mdio_read"] = "phylib",
        ["mdio_write"] = "phylib",
        ["phy_up"] = "libphy",
    };

    static string? Explain(Errno error, FailureFacts facts, params string[] live) =>
        LoadFailure.Explain(s_call, error, facts, s_exports.GetValueOrDefault, live.Contains);
}
