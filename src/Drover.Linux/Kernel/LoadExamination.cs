using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Modules;
using Drover.Modules.Image;
using Drover.Text;

namespace Drover.Linux.Kernel;

/// <summary>Gathers what this machine knows about a load that has failed. Blocks for some milliseconds: the module's
/// file is read. Nothing here throws.</summary>
static class LoadExamination
{
    const int MaxKeysBytes = 256 << 10; // /proc/keys; a machine has some dozens of keys

    internal static FailureFacts Of(LoadCall call, LoadReply reply)
    {
        var facts = OfMachine(InfoOf(call.Path));
        var name = facts.InfoOf("name") ?? call.Module; // by which the kernel goes
        return facts with { Lines = KernelLog.About(reply.Log ?? [], call.Module, name) };
    }

    static FailureFacts OfMachine(IReadOnlyList<KeyValuePair<string, string>> info) => new()
    {
        Info = info,
        Release = Machine.KernelRelease(),
        CommandLine = Machine.CommandLine() ?? "",
        EnforcesSignatures = SmallFile.TryRead("/sys/module/module/parameters/sig_enforce") == "Y",
        Lockdown = LockdownIn(SmallFile.TryRead("/sys/kernel/security/lockdown")),
        IsPinned = SmallFile.TryRead("/proc/sys/kernel/loadpin/enforce") == "1",
        IsDisabled = SmallFile.TryRead("/proc/sys/kernel/modules_disabled") == "1",
        // without CONFIG_KEYS, or for a user other than root, there is none
        Keys = BoundedFile.TryRead("/proc/keys", MaxKeysBytes) is { } keys ? ByteText.Of(keys) : null,
        AvailableBytes = Machine.AvailableBytes(),
    };

    /// <summary>The mode in brackets, <c>none [integrity] confidentiality</c>; null for none.</summary>
    internal static string? LockdownIn(string? text)
    {
        var (open, close) = (text?.IndexOf('[') ?? -1, text?.IndexOf(']') ?? -1);
        return open >= 0 && close > open && text![(open + 1)..close] is not "none" and var mode ? mode : null;
    }

    static IReadOnlyList<KeyValuePair<string, string>> InfoOf(string path)
    {
        try
        {
            return ModuleDescription.Read(path);
        }
        catch (Exception problem) when (problem
            is ModuleDataException or IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            return []; // damaged: the errno's own text says so
        }
    }
}
