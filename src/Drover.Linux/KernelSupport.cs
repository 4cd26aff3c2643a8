using System.Globalization;
using Drover.Linux.Syscalls;
using Drover.Loading;

namespace Drover.Linux;

/// <summary>Whether this process can load modules into this kernel.</summary>
public enum ModuleSupport
{
    Ok,

    /// <summary>CAP_SYS_MODULE is missing, or something (a container's filter, a security module) refuses.</summary>
    NotRoot,

    /// <summary>The kernel was built without CONFIG_MODULES.</summary>
    NoModuleSupport,

    /// <summary><c>kernel.modules_disabled</c> is 1, until the next boot.</summary>
    ModulesDisabled,
}

/// <summary>Asks the kernel whether modules can be loaded, without loading one. Stateless; safe for any thread.</summary>
public static class KernelSupport
{
    /// <summary>CAP_SYS_MODULE's bit (include/uapi/linux/capability.h).</summary>
    const int CapSysModule = 16;

    /// <summary>
    /// A delete_module without a name is the question: the kernel checks that it has modules (ENOSYS), then that they are enabled and the caller may
    /// (EPERM), and only then looks at the name (EFAULT). It needs no /proc, and no trace of loads counts it.
    /// </summary>
    public static ModuleSupport Check()
    {
        _ = Libc.DeleteModule(Libc.ModuleCalls.Delete, null, Libc.O_NONBLOCK);
        var answer = Libc.LastError;

        // only a refusal wants its reason
        return answer is Errno.EPERM ? Judge(answer, SmallFile.TryRead("/proc/sys/kernel/modules_disabled"), SmallFile.TryRead("/proc/self/status")) : Judge(answer, null, null);
    }

    /// <summary>What stands in the way, and what to do: one sentence; null when nothing does.</summary>
    public static string? Explain(ModuleSupport support) => support switch
    {
        ModuleSupport.Ok => null,
        ModuleSupport.NotRoot => "Loading modules needs root with CAP_SYS_MODULE: run this with sudo, or give the container that capability.",
        ModuleSupport.NoModuleSupport => "This kernel was built without loadable modules (CONFIG_MODULES): boot another kernel, or use --dry-run with --root and --sys to plan for one.",
        ModuleSupport.ModulesDisabled => "Module loading is switched off until the next boot (kernel.modules_disabled = 1): reboot, and load what is needed before it is switched off.",
        _ => throw new ArgumentOutOfRangeException(nameof(support)),
    };

    internal static ModuleSupport Judge(Errno probe, string? modulesDisabled, string? status) => probe switch
    {
        Errno.ENOSYS => ModuleSupport.NoModuleSupport,
        Errno.EPERM when HasCapability(status) && modulesDisabled == "1" => ModuleSupport.ModulesDisabled,
        Errno.EPERM => ModuleSupport.NotRoot,
        _ => ModuleSupport.Ok,
    };

    /// <summary>Whether the CapEff line of a /proc/PID/status has CAP_SYS_MODULE; true where there is no such line to say otherwise.</summary>
    static bool HasCapability(string? status)
    {
        foreach (var line in (status ?? "").AsSpan().EnumerateLines())
        {
            const string Key = "CapEff:";
            if (line.StartsWith(Key, StringComparison.Ordinal) &&
                ulong.TryParse(line[Key.Length..].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var effective))
            {
                return (effective & (1UL << CapSysModule)) != 0;
            }
        }

        return true;
    }
}
