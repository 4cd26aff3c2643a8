using System.Globalization;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Linux.Syscalls;

namespace Drover.Linux.Kernel;

/// <summary>Whether this process can load modules into this kernel.</summary>
public enum ModuleSupport
{
    Ok,

    /// <summary>The process lacks CAP_SYS_MODULE, or a container's filter or a security module refuses.</summary>
    NotRoot,

    /// <summary>The kernel was built without CONFIG_MODULES.</summary>
    NoModuleSupport,

    /// <summary><c>kernel.modules_disabled</c> is 1, until the next boot.</summary>
    ModulesDisabled,
}

/// <summary>Checks whether modules can be loaded, without loading one.</summary>
public static class KernelSupport
{
    const int CapSysModule = 16; // CAP_SYS_MODULE's bit (include/uapi/linux/capability.h)

    /// <summary>Calls delete_module(NULL): ENOSYS without CONFIG_MODULES, EPERM if disabled, else EFAULT.</summary>
    public static ModuleSupport Check()
    {
        _ = Libc.DeleteModule(Abi.Here.DeleteModule, null, Libc.O_NONBLOCK);
        var error = Libc.LastError;
        return error is Errno.EPERM
            ? Judge(error, SmallFile.TryRead("/proc/sys/kernel/modules_disabled"),
                SmallFile.TryRead("/proc/self/status"))
            : Judge(error, null, null);
    }

    /// <summary>The obstacle and its remedy in one sentence; null for <see cref="ModuleSupport.Ok"/>.</summary>
    /// <param name="toPlan">The options that plan for another kernel; null where there are none.</param>
    public static string? Explain(ModuleSupport support, string? toPlan = null) => support switch
    {
        ModuleSupport.Ok => null,
        ModuleSupport.NotRoot =>
            "Loading modules needs root with CAP_SYS_MODULE: run this with sudo, or give the container that "
            + "capability.",
        ModuleSupport.NoModuleSupport =>
            "This kernel was built without loadable modules (CONFIG_MODULES): boot another kernel"
            + (toPlan is null ? "." : $", or use {toPlan} to plan for one."),
        ModuleSupport.ModulesDisabled =>
            "Module loading is switched off until the next boot (kernel.modules_disabled = 1): reboot, and load the "
            + "modules before it is switched off.",
        _ => throw new ArgumentOutOfRangeException(nameof(support)),
    };

    internal static ModuleSupport Judge(Errno probe, string? modulesDisabled, string? status) => probe switch
    {
        Errno.ENOSYS => ModuleSupport.NoModuleSupport,
        Errno.EPERM when HasCapability(status) && modulesDisabled == "1" => ModuleSupport.ModulesDisabled,
        Errno.EPERM => ModuleSupport.NotRoot,
        _ => ModuleSupport.Ok,
    };

    /// <summary>Whether the CapEff line of a /proc/PID/status has CAP_SYS_MODULE; true without such a line.</summary>
    static bool HasCapability(string? status)
    {
        const string Key = "CapEff:";
        var line = (status ?? "").Split('\n').FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal));
        return line is null
            || !ulong.TryParse(line.AsSpan(Key.Length).Trim(), NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture, out var effective)
            || (effective & (1UL << CapSysModule)) != 0;
    }
}

/// <summary>Whether the kernel started this process (request_module): a module's init may be waiting for it.</summary>
public static class KernelHelper
{
    /// <summary>Whether our parent is a kernel thread (call_usermodehelper_exec_work); false without /proc.</summary>
    public static bool IsThisProcess() => ProcessFacts.IsKernelThread(Libc.GetPPid());
}
