using Drover.Cli;
using Drover.Devices;
using Drover.Loading;
using Drover.Model;
using Drover.Modules;
using Drover.Report;

namespace Drover.Verbs.Audit;

/// <summary>
/// What a recorded boot of a machine has shown and a look at its devices before the next one does not: which drivers find no hardware, and what was loaded for
/// devices that only a driver brings. Immutable.
/// </summary>
sealed class EarlierBoot
{
    public static readonly Option FileOption = new("boot", "an earlier boot, as 'drover watch --json' recorded it", "FILE");

    readonly Dictionary<string, string?> _errors = new(StringComparer.Ordinal);
    readonly Dictionary<string, HashSet<string>> _asked = new(StringComparer.Ordinal);
    readonly HashSet<string> _unasked = new(StringComparer.Ordinal);

    /// <summary>What a recording shows.</summary>
    /// <param name="file">Its name, for messages.</param>
    public EarlierBoot(string file, Recording recording)
    {
        (File, Kernel, Doubts) = (file, recording.Kernel, recording.Doubts);
        foreach (var call in recording.Calls)
        {
            if (call.Result is not { } result || LabTimings.IsOneTooMany(result) || call.Module == WatchTally.Nameless)
                continue;
            if (result == "0")
                _errors[call.Module] = null;
            else if (ErrnoText.TryParse(result, out _))
                _errors.TryAdd(call.Module, result);
            else
                continue;
            if (call.Asker is not ['/', ..] asker)
                _unasked.Add(call.Module);
            else if (!_asked.TryGetValue(asker, out var modules))
                _asked.Add(asker, [call.Module]);
            else
                modules.Add(call.Module);
        }
        foreach (var modules in _asked.Values)
            _unasked.ExceptWith(modules);
    }

    public string File { get; }

    /// <summary>Release of the kernel that ran; null where the recording does not tell.</summary>
    public string? Kernel { get; }

    /// <summary>Why the recording may not be the whole truth.</summary>
    public IReadOnlyList<string> Doubts { get; }

    /// <summary>Modules that no device asked for: a person did, or the kernel.</summary>
    public IReadOnlyCollection<string> Unasked => _unasked;

    /// <summary>The recording that a command line names, or null.</summary>
    /// <exception cref="CannotException">It cannot be read, or tells of no calls.</exception>
    public static EarlierBoot? Open(Arguments arguments)
    {
        if (arguments.Text(FileOption) is not { } file)
            return null;
        return ReportVerb.Load(file) is [{ Calls.Count: > 0 } recording]
            ? new EarlierBoot(file, recording)
            : throw new CannotException($"{file} tells of no single call: an earlier boot is what 'drover watch --json' or 'drover timeline --json' wrote");
    }

    /// <summary>The module was loaded then.</summary>
    public bool HasLoaded(string module) => _errors.TryGetValue(module, out var error) && error is null;

    /// <summary>The errno's name with which it failed whenever it was tried; null if it did not, or was not tried.</summary>
    public string? ErrorOf(string module) => _errors.GetValueOrDefault(module);

    /// <summary>These devices, and those that asked for something then and are not among them; what they asked for is told by modules' names.</summary>
    public IEnumerable<DeviceEvent> AddTo(IEnumerable<DeviceEvent> devices, ModuleCatalog catalog)
    {
        var left = new Dictionary<string, HashSet<string>>(_asked, StringComparer.Ordinal);
        foreach (var device in devices)
        {
            left.Remove(device.DevPath);
            yield return device;
        }
        foreach (var (path, modules) in left)
        {
            // udev loads what a module needs in the name of the same device
            var known = modules.Select(catalog.Tree.Find).OfType<ModuleEntry>().ToList();
            var needed = known.SelectMany(module => module.Dependencies).ToHashSet(StringComparer.Ordinal);
            yield return new DeviceEvent(DeviceAction.Add, path, "", 0, [.. known.Select(module => module.Name).Where(name => !needed.Contains(name))], []);
        }
    }
}
