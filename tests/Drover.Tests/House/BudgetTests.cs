using Drover.Modules.Image;
using Drover.Tests.Kmod;
using Drover.Tests.Packaging;

namespace Drover.Tests.House;

/// <summary>bench/budget: the instructions of usual commands, against a committed file. bench/policy: those of a
/// policy.</summary>
public class BudgetTests
{
    static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(5);

    static readonly string s_modules = Path.Combine(Repository.Root, "bench/budget/root/lib/modules/6.1.0-budget");

    /// <summary>By path below the module directory; what is depended on comes first.</summary>
    static readonly Dictionary<string, TestModule> s_tree = new()
    {
        ["kernel/crypto/b_crc.ko"] = Module(alias: ["crypto-b_crc", "crypto-b_crc-generic"]) with
        {
            Exports = ["b_crc_update"],
        },
        ["kernel/lib/b_raid.ko"] = Module() with { Exports = Symbols("b_raid", 8) },
        ["kernel/fs/b_fs.ko"] = Module(alias: ["fs-b_fs"], "softdep=pre: b_crc") with { Needs = Symbols("b_raid", 8) },
        ["kernel/drivers/ata/b_libata.ko"] = Module() with { Exports = Symbols("b_ata", 60) },
        ["kernel/drivers/ata/b_libahci.ko"] = Module() with
        {
            Exports = Symbols("b_ahci", 20),
            Needs = Symbols("b_ata", 30),
        },
        ["kernel/drivers/ata/b_ahci.ko"] = Module(alias: PciAliases(0x8086, 0x1C00, 60)) with
        {
            Needs = [.. Symbols("b_ahci", 12), .. Symbols("b_ata", 40)],
        },
        ["kernel/drivers/pps/b_pps.ko"] = Module() with { Exports = Symbols("b_pps", 4) },
        ["kernel/drivers/ptp/b_ptp.ko"] = Module() with
        {
            Exports = Symbols("b_ptp", 6),
            Needs = Symbols("b_pps", 4),
        },
        ["kernel/drivers/net/b_nic.ko"] = Module(
            alias: PciAliases(0x8086, 0x10A0, 100), "parm=debug:messages (int)", "parmtype=debug:int") with
        {
            Needs = Symbols("b_ptp", 6),
        },
        ["kernel/drivers/cpufreq/b_cpufreq.ko"] = Module(
            alias: ["cpu:type:x86,ven*fam*mod*:feature:*00E8*", "acpi*:ACPI0007:*"]),
        ["kernel/drivers/watchdog/b_wdt.ko"] = Module(alias: ["platform:b_wdt"]),
        ["kernel/drivers/gpu/b_gpu.ko.xz"] = Module(alias: PciAliases(0x1000, 0x2000, 300)),
    };

    [Fact]
    public async Task Usual_commands_keep_their_budget_of_instructions()
    {
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        await Script.RunAsync("bench/budget/run", s_timeout);
    }

    [Fact]
    public async Task Policy_of_a_thousand_lines_costs_a_look_up_two_microseconds_at_most()
    {
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        await Script.RunAsync("bench/policy/run", s_timeout);
    }

    /// <summary>The committed module files are these; DROVER_UPDATE_GOLDEN=1 writes them.</summary>
    [Fact]
    public void The_modules_of_the_tree_are_as_described()
    {
        var isUpdating = Environment.GetEnvironmentVariable("DROVER_UPDATE_GOLDEN") == "1";
        foreach (var (name, module) in s_tree)
        {
            var path = Path.Combine(s_modules, name);
            var plain = Path.ChangeExtension(path, null);
            var isPacked = path.EndsWith(".xz", StringComparison.Ordinal);
            if (isUpdating)
            {
                ModuleRoot.WriteFile(isPacked ? plain : path, module.ToBytes());
                if (isPacked)
                    Assert.Equal((0, ""), PackagingTests.Run("xz", "-f", "--check=crc32", plain));
            }
            Assert.Equal(module.ToBytes(), ModuleFile.ReadImage(path));
        }
        Assert.Equal(
            s_tree.Keys.Order(StringComparer.Ordinal),
            Directory.GetFiles(Path.Combine(s_modules, "kernel"), "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(s_modules, path)).Order(StringComparer.Ordinal));
    }

    static TestModule Module(string[]? alias = null, params string[] info) => new()
    {
        Info =
        [
            "description=a module of the budget", "author=Drover", "license=GPL",
            "vermagic=6.1.0-budget SMP mod_unload",
            .. info, .. (alias ?? []).Select(name => $"alias={name}"),
        ],
    };

    static string[] Symbols(string prefix, int count) =>
        [.. Enumerable.Range(0, count).Select(number => $"{prefix}_call_{number}")];

    static string[] PciAliases(int vendor, int first, int count) =>
        [.. Enumerable.Range(first, count).Select(device => $"pci:v{vendor:X8}d{device:X8}sv*sd*bc*sc*i*")];
}
