using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Linux.Syscalls;
using Drover.Text;

namespace Drover.Linux.Kernel;

/// <summary>The kernel's log, /dev/kmsg (Documentation/ABI/testing/dev-kmsg), from a load's begin on. Its place and not
/// its time says what is new: the log's clock (kernel: local_clock) drifts away from CLOCK_MONOTONIC. For one thread.
/// </summary>
readonly struct KernelLog
{
    /// <summary>The kernel's limit of a record (kernel: PRINTKRB_RECORD_MAX, before 6.7 CONSOLE_EXT_LOG_MAX).</summary>
    const int MaxRecordBytes = 8192;

    /// <summary>Of one load; a boot prints some thousand lines.</summary>
    const int MaxRecords = 1 << 14;

    const int MaxLines = 64; // about one failure: a line for each symbol that is missing

    /// <summary>Beginnings of lines about a load that do not name the module.</summary>
    static readonly string[] s_nameless =
    [
        "Loading of ", "Lockdown: ", "LoadPin: ", "ima: ", "integrity: ", "PKCS#7 ", "PKEY: ", "X.509: ",
        "module: ", "vmap allocation ",
    ];

    readonly int _fd;

    KernelLog(int fd) => _fd = fd;

    /// <summary>Opens the log at its end; without permission, it has no lines.</summary>
    internal static KernelLog OpenAtEnd()
    {
        var fd = SmallFile.Open("/dev/kmsg", out _, Libc.O_NONBLOCK);
        if (fd >= 0)
            _ = Libc.LSeek(fd, 0, Libc.SEEK_END);
        return new(fd);
    }

    internal void Close()
    {
        if (_fd >= 0)
            _ = Libc.Close(_fd);
    }

    /// <summary>The new lines, the oldest first.</summary>
    internal List<string> Read()
    {
        var lines = new List<string>();
        Span<byte> record = stackalloc byte[MaxRecordBytes];
        for (var i = 0; i < MaxRecords && _fd >= 0; i++)
        {
            var length = (int)Libc.Read(_fd, ref record[0], record.Length);
            if (length > 0)
                Add(record[..length], lines);
            else if (length == 0 || Libc.LastError is not (Errno.EPIPE or Errno.EINTR)) // EPIPE: overwritten, go on
                break;
        }
        return lines;
    }

    /// <summary>The lines about a load, the last ones.</summary>
    /// <param name="names">The module's, of its file and in it.</param>
    internal static List<string> About(IReadOnlyList<string> lines, params ReadOnlySpan<string> names)
    {
        var found = new List<string>();
        for (var i = lines.Count - 1; i >= 0 && found.Count < MaxLines; i--)
        {
            if (IsAbout(lines[i], names))
                found.Insert(0, lines[i]);
        }
        return found;
    }

    /// <summary>Adds a record, <c>level,sequence,microseconds,flags;text</c> and lines of properties.</summary>
    internal static void Add(ReadOnlySpan<byte> record, List<string> lines)
    {
        var text = record[(record.IndexOf((byte)';') + 1)..];
        var newline = text.IndexOf((byte)'\n');
        lines.Add(ByteText.Of(newline < 0 ? text : text[..newline]));
    }

    static bool IsAbout(string line, ReadOnlySpan<string> names)
    {
        if (Array.Exists(s_nameless, start => line.StartsWith(start, StringComparison.Ordinal)))
            return true;
        if (line.Contains("irmware load for ", StringComparison.Ordinal)
            || line.Contains("op=appraise_data", StringComparison.Ordinal)) // kernel: ima_appraise_measurement
        {
            return true;
        }
        foreach (var name in names)
        {
            if (HasWord(line, name) || HasWord(line, name.Replace('_', '-'))) // a driver may write its name with dashes
                return true;
        }
        return false;
    }

    static bool HasWord(string line, string word)
    {
        for (var at = line.IndexOf(word, StringComparison.Ordinal); at >= 0;
            at = line.IndexOf(word, at + 1, StringComparison.Ordinal))
        {
            if (!IsWordAt(line, at - 1) && !IsWordAt(line, at + word.Length))
                return true;
        }
        return false;
    }

    static bool IsWordAt(string line, int at) =>
        at >= 0 && at < line.Length && (char.IsAsciiLetterOrDigit(line[at]) || line[at] is '_' or '-' or '.' or '/');
}
