using System.Runtime.InteropServices;

namespace Drover.Modules.Depmod;

/// <summary>Whether a module is newer than modules.dep, in whole seconds: all that <c>depmod -A</c> asks (kmod: <c>depfile_up_to_date</c>). A module that is gone does not count. One owner.</summary>
public sealed class UpToDate
{
    const long SecondNs = 1_000_000_000;

    readonly IDepmodMachine _machine;
    readonly IDepmodReport _report;
    readonly long _madeSeconds;

    // where kmod's buffer of the path stands: it complains of what it last wrote there
    string _path = "";

    UpToDate(IDepmodMachine machine, IDepmodReport report, long madeSeconds) => (_machine, _report, _madeSeconds) = (machine, report, madeSeconds);

    /// <summary>False, too, where that cannot be told.</summary>
    /// <param name="directory">The module directory.</param>
    public static bool Check(string directory, IDepmodMachine machine, IDepmodReport report)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(report);
        var entries = machine.List(directory, out var errno);
        if (errno != 0)
        {
            report.Say(DepmodSeverity.Error, $"could not open directory {directory}: {Marshal.GetPInvokeErrorMessage(errno)}");
            return false;
        }
        if (machine.Identify($"{directory}/modules.dep", out errno) is not { } made)
        {
            report.Say(DepmodSeverity.Error, $"could not fstatat({directory}, modules.dep): {Marshal.GetPInvokeErrorMessage(errno)}");
            return false;
        }
        return new UpToDate(machine, report, made.ModifiedNs / SecondNs) { _path = $"{directory}/" }.Check($"{directory}/", entries, depth: 0);
    }

    bool Check(string directory, IReadOnlyList<DirectoryEntry> entries, int depth)
    {
        foreach (var entry in entries)
        {
            if (ModuleSearch.IsSource(entry.Name))
                continue;
            if (entry.Errno != 0)
            {
                _report.Say(DepmodSeverity.Error, $"fstatat({depth + 3}, {entry.Name}): {Marshal.GetPInvokeErrorMessage(entry.Errno)}");
            }
            else if (entry.Kind is FileKind.Other)
            {
                _report.Say(DepmodSeverity.Error, $"unsupported file type {_path}: {Convert.ToString(entry.Mode, 8)}");
            }
            else if (entry.Kind is FileKind.Directory)
            {
                _path = directory + entry.Name;
                var below = _machine.List(_path, out var errno);
                if (errno != 0)
                    _report.Say(DepmodSeverity.Error, $"openat({depth + 3}, {entry.Name}, O_RDONLY): {Marshal.GetPInvokeErrorMessage(errno)}");
                else if (!Check(_path += "/", below, depth + 1))
                    return false;
            }
            else if (ModuleSearch.IsModuleFile(entry.Name))
            {
                _path = directory + entry.Name;
                if (entry.Identity.ModifiedNs / SecondNs > _madeSeconds)
                    return false;
            }
        }
        return true;
    }
}
