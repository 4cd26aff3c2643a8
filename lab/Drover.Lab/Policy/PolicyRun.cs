using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;

namespace Drover.Lab.Policy;

/// <summary>Boots the guests of lab/policy: one for the requests, and one for each kind of kernel that refuses modules
/// by itself.</summary>
static class PolicyRun
{
    /// <summary>Makes sockets that busybox cannot: perl, and its library.</summary>
    static readonly string[] s_packages = ["perl-base", "libcrypt1"];

    const string Failures = "failures";

    /// <summary>A module whose init fails without its firmware.</summary>
    const string WantsFirmware = "wantfw";

    const string Perl = "usr/bin/perl", Crypt = "libcrypt.so.1";

    /// <summary>The boots of the failures, by the kernel's arguments.</summary>
    static readonly string[] s_kernels =
    [
        "", "module.sig_enforce=1 module_blacklist=fat", "lockdown=integrity",
        "ima_policy=secure_boot ima_appraise=enforce",
    ];

    /// <param name="only">The requests or answers to run, <c>failures</c> for those; empty for all.</param>
    /// <exception cref="LabException">Only root can build the module of the failures.</exception>
    public static async Task<PolicyReport> RunAsync(
        LabHost host, Laboratory laboratory, GuestSystem system, IReadOnlyList<string> only, RunSettings settings)
    {
        var kernel = await laboratory.PrepareAsync(system);
        var debian = new DebianArchive(host, system.Release, system.Architecture);
        using var work = host.Work();
        foreach (var package in await debian.FilesAsync(s_packages))
            await debian.UnpackAsync(package, work.Path);
        var library = Directory.EnumerateFiles(work.Path, Crypt, SearchOption.AllDirectories).First();
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal)
        {
            [Perl] = await File.ReadAllBytesAsync(work.File(Perl)),
            [$"usr/lib/{Crypt}"] = await File.ReadAllBytesAsync(library),
        };
        var hasFailures = only.Count == 0 || only.Contains(Failures);
        if (hasFailures)
        {
            var module = await BuiltModule.PrepareAsync(host, system, WantsFirmware);
            files[$"lab/{WantsFirmware}.ko"] = await File.ReadAllBytesAsync(module);
        }
        var rows = new List<PolicyRow>();
        if (only is not [Failures])
            rows.AddRange(await BootAsync("requests", ""));
        foreach (var arguments in hasFailures ? s_kernels : [])
            rows.AddRange(await BootAsync(Failures, arguments));
        return new PolicyReport(rows);

        async Task<IReadOnlyList<PolicyRow>> BootAsync(string cases, string arguments)
        {
            const int Cpus = 2;
            var run = new GuestRun(
                kernel, system.KernelGate, Cpus, GuestLoader.Daemon, settings.Memory,
                settings.Timeout ?? TimeSpan.FromMinutes(20))
            {
                Console = settings.Console,
                Binary = settings.DroverFor(system),
                StudyBinary = settings.StudyFor(system),
                Init = "policy",
                Files = files,
                KernelArguments = arguments,
                Settings = $"cases={cases}\nkernel_arguments='{arguments}'\nonly={string.Join(',', only)}\n",
            };
            var name = arguments.Length == 0 ? cases : arguments.Split('=')[0];
            return PolicyRow.ReadAll(await laboratory.BootAsync(run, name));
        }
    }
}
