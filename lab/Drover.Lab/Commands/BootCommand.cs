using System.CommandLine;
using Drover.Lab.Boots;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;
using static Drover.Lab.Commands.LabOptions;

namespace Drover.Lab.Commands;

static class BootCommand
{
    static readonly IReadOnlyList<string> s_loaderNames = OptionNames.Of<BootLoader>();
    static readonly ValueOption<IReadOnlyList<GuestSystem>> s_systems = new(
        "--systems", "SYSTEM,…", "debian12, debian13, sid; 6.12 is Debian 12 with its newer kernel",
        List(GuestSystem.Parse), required: true);
    static readonly ValueOption<int> s_cpus = Cpus("4");
    static readonly ValueOption<IReadOnlyList<BootLoader>> s_loaders = new(
        "--loaders", "LOADER,…", $"""
            {string.Join(", ", s_loaderNames)}: Debian as it is; after drover install; the same with the record
            of an earlier boot
            """, List(OptionNames.Parse<BootLoader>), string.Join(',', s_loaderNames));
    static readonly ValueOption<int> s_seeds = new("--seeds", "N", "boots with each loader", Number(1, 100), "5");
    static readonly ValueOption<IReadOnlyList<string>> s_devices = new(
        "--devices", "NAME,…", "more devices, by QEMU's names ('qemu-system-x86_64 -device help')", List(Name), "");

    static readonly ValueOption<string> s_policy = new(
        "--policy", "FILE", "a policy (docs/policy.md) for the boots with Drover; says what it refused", Any);
    static readonly ValueOption<string> s_save = Save("boot");
    static readonly Option<bool> s_slow = new("--slow-module")
    {
        Description = "mount a file system whose module's init sleeps for 3 s; --raw keeps what 'drover boot' reads",
    };

    public static LabCommand Create() => new(
        "boot",
        "Boots a small Debian as a whole, initramfs and systemd, by the clock of instructions: its root file system is "
        + "memory, an NVDIMM whose driver is a module. Prints one table of when the root's device was there, when "
        + "multi-user.target was reached, and the peak of memory in use. A boot takes some minutes and is saved at "
        + "once; --resume goes on where a run was interrupted.",
        """
        lab/boot --systems debian13,sid
        lab/boot --systems sid --cpus 8 --loaders udev,drover --seeds 1 --devices qemu-xhci,usb-kbd,e1000e
        lab/boot --systems debian13 --loaders drover --seeds 1 --slow-module --raw /tmp/slow
        lab/boot --systems debian13 --loaders udev,drover --seeds 1 --policy allow.conf
        """,
        "every boot with Drover has the modules of udev's boots, and no duplicate call",
        "otherwise",
        RunAsync, s_systems, s_cpus, s_loaders, s_seeds, s_devices, s_slow, s_policy, s_save, Resume, Memory, TimeLimit,
        Binary, Raw, Verbose);

    static async Task<int> RunAsync(ParseResult line, LabHost host)
    {
        var systems = s_systems.Of(line);
        if (systems.FirstOrDefault(system => system.IsGates || system.Architecture != Architecture.Amd64) is { } other)
            throw LabException.Usage($"{other} cannot boot from an NVDIMM: only Debian's kernels of amd64 can");
        var settings = Settings(line) with { Devices = s_devices.Of(line) };
        var policy = s_policy.Of(line) is { } file ? await File.ReadAllTextAsync(file) : null;
        using var laboratory = new Laboratory(settings, host);
        var run = new BootsRun(
            host, laboratory, settings, s_save.Of(line) ?? host.Folder("boot"), line.GetValue(Resume),
            line.GetValue(s_slow), policy);
        var boots = new Dictionary<GuestSystem, IReadOnlyList<WholeBoot>>();
        foreach (var system in systems)
        {
            var done = new List<WholeBoot>();
            await foreach (var boot in run.RunAsync(system, s_cpus.Of(line), s_loaders.Of(line), s_seeds.Of(line)))
            {
                host.Log($"{system}, {boot.Loader.OptionName()}, seed {boot.Seed}: root's node {boot.Times.Node:F3} s, "
                    + $"multi-user {boot.Times.MultiUser:F3} s");
                done.Add(boot);
            }
            boots[system] = done;
        }
        Console.Write(BootTable.Of(boots));
        foreach (var (system, boot) in boots.SelectMany(pair => pair.Value.Select(boot => (pair.Key, boot))))
        {
            foreach (var refusal in boot.Refusals)
                Console.WriteLine($"{system}, {boot.Loader.OptionName()}, seed {boot.Seed}: {refusal}");
        }
        var problems = boots.SelectMany(pair => BootTable.Problems(pair.Key, pair.Value)).ToList();
        problems.ForEach(Console.WriteLine);
        return problems.Count == 0 ? 0 : LabException.FailedCode;
    }
}
