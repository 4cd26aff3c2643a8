using System.Diagnostics;
using Drover.Devices;
using Drover.Model.Recording;
using Drover.Modules.Config;
using Drover.Modules.Tree;
using Drover.Study.Recordings;

namespace Drover.Study.Audit;

/// <summary>Facts from the recording of a boot that are not visible before the next boot: drivers without hardware, and
/// the modules of devices that appear with a driver.</summary>
sealed class EarlierBoot
{
    public static readonly Option FileOption = new(
        "boot", "an earlier boot, as 'drover watch --json' recorded it", "FILE");

    readonly Dictionary<string, string?> _errors = new(StringComparer.Ordinal);
    readonly Dictionary<string, HashSet<string>> _requests = new(StringComparer.Ordinal);

    /// <param name="file">For messages.</param>
    public EarlierBoot(string file, Recordings.Recording recording)
    {
        (File, Kernel, Warnings) = (file, recording.Kernel, recording.Warnings);
        var others = new HashSet<string>(StringComparer.Ordinal);
        foreach (var call in recording.Calls)
        {
            if (call.Result is not { } result || LabTimings.IsDuplicate(result)
                || call.Module == RecordedCall.UnknownModule)
            {
                continue;
            }
            if (result == "0")
                _errors[call.Module] = null;
            else if (ErrnoText.TryParse(result, out _))
                _errors.TryAdd(call.Module, result);
            else
                continue;
            if (call.Requester is not ['/', ..] device)
                others.Add(call.Module);
            else if (!_requests.TryGetValue(device, out var modules))
                _requests.Add(device, [call.Module]);
            else
                modules.Add(call.Module);
        }
        others.ExceptWith(_requests.Values.SelectMany(modules => modules));
        ModulesWithoutDevice = others;
        Debug.Assert(others.All(_errors.ContainsKey), "every module has a result");
    }

    public string File { get; }
    public string? Kernel { get; } // the release of the kernel; null if the recording lacks it
    public IReadOnlyList<string> Warnings { get; } // reasons why the recording may be incomplete

    /// <summary>Modules that a person or the kernel requested, but no device.</summary>
    public IReadOnlyCollection<string> ModulesWithoutDevice { get; }

    /// <summary>The recording of the command line, or null.</summary>
    /// <exception cref="RecordingException">It cannot be read.</exception>
    /// <exception cref="CommandException">It contains no calls.</exception>
    public static EarlierBoot? Open(Arguments arguments)
    {
        if (arguments.Text(FileOption) is not { } file)
            return null;
        return RecordingFile.Load(file) is [{ Calls.Count: > 0 } recording]
            ? new EarlierBoot(file, recording)
            : throw new CommandException($"{file} contains no calls: use the output of 'drover watch --json'");
    }

    public bool HasLoaded(string module) => _errors.TryGetValue(module, out var error) && error is null;

    /// <summary>The name of the first errno; null if the module was loaded or not tried.</summary>
    public string? ErrorOf(string module) => _errors.GetValueOrDefault(module);

    /// <summary>Adds the devices that requested modules in that boot and are missing from a list. They get the modules'
    /// names as their modaliases.</summary>
    public IEnumerable<DeviceEvent> AddTo(IEnumerable<DeviceEvent> devices, ModuleCatalog catalog)
    {
        var left = new Dictionary<string, HashSet<string>>(_requests, StringComparer.Ordinal);
        foreach (var device in devices)
        {
            left.Remove(device.DevPath);
            yield return device;
        }
        foreach (var (path, modules) in left)
        {
            // udev loads the dependencies of a module for the same device
            List<ModuleEntry> known = [.. modules.Select(catalog.Tree.Find).OfType<ModuleEntry>()];
            var needed = known.SelectMany(module => module.Dependencies).ToHashSet(StringComparer.Ordinal);
            var names = known.Select(module => module.Name).Where(name => !needed.Contains(name));
            yield return new DeviceEvent(DeviceAction.Add, path, "", 0, [.. names], []);
        }
    }
}
