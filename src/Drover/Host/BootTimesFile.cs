using System.Globalization;
using Drover.Control;
using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Text;

namespace Drover.Host;

/// <summary>How long the last boots took, until the end of their last module load: a line for each, the newest first,
/// with the boot's id and microseconds since the kernel's start. For the metrics only. The initramfs' daemon writes it
/// where it is lost.</summary>
static class BootTimesFile
{
    public const string FilePath = "/var/lib/drover/boot-times";

    /// <summary>The present boot, and ten to compare it with.</summary>
    const int MaxBoots = 11;

    const int MaxBytes = 4096;

    /// <summary>In microseconds, the newest first; empty where there is no file. Lines that are damaged do not count.
    /// </summary>
    public static long[] Read() => Read(FilePath);

    public static long[] Read(string path)
    {
        var lines = Lines(path);
        var times = new long[lines.Count];
        for (var i = 0; i < times.Length; i++)
            times[i] = MicrosecondsOf(lines[i]);
        return times;
    }

    /// <summary>Adds this boot, if it is not there and has loaded a module. A daemon that is restarted adds nothing.
    /// </summary>
    public static void Add(IReadOnlyList<ModuleRecord> modules)
    {
        if (Machine.BootId() is { } boot)
            Add(FilePath, boot, modules);
    }

    public static void Add(string path, string boot, IReadOnlyList<ModuleRecord> modules)
    {
        var lines = Lines(path);
        var end = TimeSpan.Zero;
        foreach (var module in modules)
        {
            if (module.First is { CalledAt: not null, EndedAt: { } ended } && ended > end)
                end = ended;
        }
        if (end == TimeSpan.Zero || lines.Exists(line => line.StartsWith(boot, StringComparison.Ordinal)))
            return;
        var microseconds = ((long)end.TotalMicroseconds).ToString(CultureInfo.InvariantCulture);
        lines.Insert(0, $"{boot} {microseconds}");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.WriteAllText(path, string.Concat(lines.Take(MaxBoots).Select(line => line + "\n")));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // the metrics lack this boot
        }
    }

    /// <summary>-1 for a line that is damaged.</summary>
    static long MicrosecondsOf(string line) =>
        line.Split(' ') is [_, var number]
        && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            ? microseconds
            : -1;

    static List<string> Lines(string path) => BoundedFile.TryRead(path, MaxBytes) is { } bytes
        ? [.. ByteText.Of(bytes).Split('\n').Where(line => MicrosecondsOf(line) >= 0).Take(MaxBoots)]
        : [];
}
