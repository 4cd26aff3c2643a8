using System.Globalization;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Linux.Syscalls;
using Drover.Text;

namespace Drover.Linux.Kernel;

/// <summary>The kernel's log, /dev/kmsg (Documentation/ABI/testing/dev-kmsg). It is read only after a failure. Safe for
/// any thread.</summary>
static class KernelLog
{
    /// <summary>The kernel's limit of a record (kernel: PRINTKRB_RECORD_MAX, before 6.7 CONSOLE_EXT_LOG_MAX).</summary>
    const int MaxRecordBytes = 8192;

    /// <summary>More than any log holds: the largest buffer has some 100,000 records.</summary>
    const int MaxRecords = 1 << 18;

    const int MaxLines = 6; // about one failure

    /// <summary>The log's clock is not CLOCK_MONOTONIC (kernel: local_clock); they differ by milliseconds.</summary>
    const long SlackUs = 1_000_000;

    /// <summary>Beginnings of lines about a load that do not name the module.</summary>
    static readonly string[] s_nameless =
    [
        "Loading of ", "Lockdown: ", "LoadPin: ", "ima: ", "integrity: ", "PKCS#7 ", "PKEY: ", "X.509: ",
        "module: ", "vmap allocation ",
    ];

    /// <summary>The lines about a module's load that began at a time (CLOCK_MONOTONIC), the oldest first; empty without
    /// permission.</summary>
    internal static List<string> About(string module, long sinceUs)
    {
        var lines = new List<string>();
        var fd = SmallFile.Open("/dev/kmsg", out _, Libc.O_NONBLOCK);
        if (fd < 0)
            return lines;
        Span<byte> record = stackalloc byte[MaxRecordBytes];
        for (var i = 0; i < MaxRecords; i++)
        {
            var length = (int)Libc.Read(fd, ref record[0], record.Length);
            if (length > 0)
                Add(record[..length], module, sinceUs, lines);
            else if (length == 0 || Libc.LastError is not (Errno.EPIPE or Errno.EINTR)) // EPIPE: overwritten, go on
                break;
        }
        _ = Libc.Close(fd);
        return lines;
    }

    /// <summary>Adds a record, <c>level,sequence,microseconds,flags;text</c> and lines of properties, if it is about
    /// the module.</summary>
    internal static void Add(ReadOnlySpan<byte> record, string module, long sinceUs, List<string> lines)
    {
        var end = record.IndexOf((byte)';');
        if (end < 0)
            return;
        var head = ByteText.Of(record[..end]).Split(',');
        if (head.Length < 3 || !long.TryParse(head[2], NumberStyles.None, CultureInfo.InvariantCulture, out var timeUs)
            || timeUs < sinceUs - SlackUs)
        {
            return;
        }
        var text = record[(end + 1)..];
        var newline = text.IndexOf((byte)'\n');
        var line = ByteText.Of(newline < 0 ? text : text[..newline]);
        if (!IsAbout(line, module))
            return;
        if (lines.Count == MaxLines)
            lines.RemoveAt(0);
        lines.Add(line);
    }

    static bool IsAbout(string line, string module)
    {
        if (Array.Exists(s_nameless, start => line.StartsWith(start, StringComparison.Ordinal)))
            return true;
        if (line.Contains("irmware load for ", StringComparison.Ordinal)
            || line.Contains("op=appraise_data", StringComparison.Ordinal)) // kernel: ima_appraise_measurement
        {
            return true;
        }
        // as a word; a driver may write its name with dashes
        foreach (var name in (ReadOnlySpan<string>)[module, module.Replace('_', '-')])
        {
            for (var at = line.IndexOf(name, StringComparison.Ordinal); at >= 0;
                at = line.IndexOf(name, at + 1, StringComparison.Ordinal))
            {
                if (!IsWordAt(line, at - 1) && !IsWordAt(line, at + name.Length))
                    return true;
            }
        }
        return false;
    }

    static bool IsWordAt(string line, int at) =>
        at >= 0 && at < line.Length && (char.IsAsciiLetterOrDigit(line[at]) || line[at] is '_' or '-' or '.' or '/');
}
