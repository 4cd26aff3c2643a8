using Drover.CommandLine;
using Drover.Devices;
using Drover.Kernel;
using Drover.Linux.Files;
using Drover.Linux.Runtime;
using Drover.Linux.Sysfs;
using Drover.Text;

namespace Drover.Host;

/// <summary>Where the record of a boot is kept: for the next boot, and for the next daemon of this one, to which an
/// initramfs' daemon leaves its own.</summary>
static class BootRecordFile
{
    public const string OfLastBoot = "/var/lib/drover/boot-record", OfThisBoot = "/run/drover/boot-record";

    /// <summary>This boot's record so far, else the last boot's; null for none that can be used.</summary>
    /// <param name="release">The kernel version.</param>
    public static BootRecord? Read(string release) => Read(OfThisBoot, release) ?? Read(OfLastBoot, release);

    /// <summary>Writes both files. A file system that is missing or read-only costs only a gain.</summary>
    public static void Write(BootRecord record)
    {
        foreach (var path in new[] { OfThisBoot, OfLastBoot })
        {
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                AtomicFile.WriteAllText(path, record.Format());
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                // the next boot does without it
            }
        }
    }

    static BootRecord? Read(string path, string release) =>
        BoundedFile.TryRead(path, BootRecord.MaxBytes) is { } bytes
            ? BootRecord.TryParse(ByteText.Of(bytes), release)
            : null;
}

/// <summary>What a daemon does when the boot is over, 30 s after its start: it records the boot, again when it ends,
/// and returns the memory that only the boot needed. Once nothing is left to load, it notes how long the boot took.
/// Runs on the event loop.</summary>
sealed class BootEnd : IDisposable
{
    static readonly TimeSpan s_bootTime = TimeSpan.FromSeconds(30);

    readonly LoadService _service;
    readonly ITimer _timer;
    readonly bool _isRecorded;

    /// <param name="arguments">With a --root other than this machine's nothing is recorded.</param>
    public BootEnd(EventLoop loop, LoadService service, Arguments arguments)
    {
        _service = service;
        _isRecorded = ModuleSource.IsThisMachine(arguments);
        var isFirst = true;
        ITimer? timer = null;
        timer = _timer = loop.Time.CreateTimer(_ =>
        {
            if (isFirst)
            {
                Record();
                UnusedMemory.Return();
            }
            isFirst = false;
            if (!_service.Status().IsSettled)
                timer!.Change(s_bootTime, Timeout.InfiniteTimeSpan);
            else if (_isRecorded)
                BootTimesFile.Add(_service.Modules());
        }, null, s_bootTime, Timeout.InfiniteTimeSpan);
    }

    public void Record()
    {
        if (_isRecorded)
            BootRecordFile.Write(_service.Record(RootDevice.Modules()));
    }

    public void Dispose() => _timer.Dispose();
}
