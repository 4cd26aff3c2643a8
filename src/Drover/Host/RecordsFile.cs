using Drover.CommandLine;
using Drover.Control;
using Drover.Devices;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Text;

namespace Drover.Host;

/// <summary>Leaves the daemon's records to the next daemon of this boot: it writes them some time after a change, and
/// when the daemon ends. A killed daemon loses the last seconds. Runs on the event loop.</summary>
sealed class RecordsFile : IDisposable
{
    /// <summary>Gone with the boot.</summary>
    public const string OfThisBoot = "/run/drover/records";

    /// <summary>Before <see cref="BootEnd"/> returns the memory of the boot; an idle daemon is not woken.</summary>
    static readonly TimeSpan s_delay = TimeSpan.FromSeconds(20);

    readonly LoadService _service;
    readonly string _path, _boot;
    readonly ITimer _timer;
    bool _isChanged;

    RecordsFile(EventLoop loop, LoadService service, string path, string boot)
    {
        (_service, _path, _boot) = (service, path, boot);
        _timer = loop.Time.CreateTimer(_ => Write(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        service.Recorded = Changed;
    }

    /// <summary>Null for the modules of another root, and where the kernel names no boot.</summary>
    public static RecordsFile? Keep(EventLoop loop, LoadService service, Arguments arguments) =>
        ModuleSource.IsThisMachine(arguments) && Machine.BootId() is { } boot
            ? new RecordsFile(loop, service, OfThisBoot, boot)
            : null;

    /// <summary>The records of an earlier daemon of this boot; empty where there are none that can be used.</summary>
    public static IReadOnlyList<ModuleRecord> Read(Arguments arguments) =>
        ModuleSource.IsThisMachine(arguments) && Machine.BootId() is { } boot ? Read(OfThisBoot, boot) : [];

    public static IReadOnlyList<ModuleRecord> Read(string path, string boot) =>
        BoundedFile.TryRead(path, EarlierRecords.MaxBytes) is { } bytes
            ? EarlierRecords.TryParse(bytes, boot) ?? []
            : [];

    /// <summary>Writes what has changed since it was last written.</summary>
    public void Write()
    {
        if (!_isChanged)
            return;
        _isChanged = false;
        try
        {
            var bytes = EarlierRecords.Format(_boot, _service.Modules());
            AtomicFile.Replace(_path, temporary => File.WriteAllBytes(temporary, bytes));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // the next daemon knows less
        }
    }

    public void Dispose() => _timer.Dispose();

    void Changed()
    {
        if (_isChanged)
            return;
        _isChanged = true;
        _timer.Change(s_delay, Timeout.InfiniteTimeSpan);
    }
}
