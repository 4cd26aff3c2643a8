using System.Buffers.Text;

namespace Drover.Linux.Tracing;

/// <summary>One event as trace_pipe prints it (kernel: trace_print_context, trace_seq_print_sym;
/// Documentation/trace/ftrace.rst). Its spans are parts of the line.</summary>
/// <remarks>
/// <code>
///    (udev-worker)-143     (    143) [002] .....    79.934151: sys_finit_module(fd: 5, uargs: 7f4134873efd, flags: 0)
///    (udev-worker)-143     (    143) [000] .....    90.240517: sys_finit_module -> 0xffffffffffffffed
///    (udev-worker)-143     (    143) [003] .....    88.861346: module_load: pcc_cpufreq
/// </code>
/// The name takes 16 columns ("%16s-%-7d"), so its characters, such as dashes and brackets, do not move the rest. The
/// option record-tgid adds the process in parentheses; it is dashes if unknown.
/// </remarks>
public readonly ref struct TraceLine
{
    const int NameColumns = 16; // TASK_COMM_LEN is 16 with its NUL: the name never fills the columns

    TraceLine(ReadOnlySpan<byte> comm, int tid, int pid, long timeUs, ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
    {
        (Tid, Pid, TimeUs) = (tid, pid, timeUs);
        Comm = comm;
        Name = name;
        Text = text;
    }

    /// <summary>The task's name; <c>&lt;...&gt;</c> if the kernel has dropped it.</summary>
    public ReadOnlySpan<byte> Comm { get; }

    public int Tid { get; }

    /// <summary>The process (tgid); 0 if unknown.</summary>
    public int Pid { get; }

    /// <summary>Microseconds on the instance's clock.</summary>
    public long TimeUs { get; }

    public ReadOnlySpan<byte> Name { get; }

    /// <summary>The text after the name, without the colon: <c>(fd: 5, …)</c>, <c> -> 0x0</c>.</summary>
    public ReadOnlySpan<byte> Text { get; }

    /// <summary>False for a line that is no event: a comment, a note of lost events, a partial line.</summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out TraceLine parsed)
    {
        parsed = default;
        if (line.Length <= NameColumns || line[NameColumns] != '-')
            return false;
        var comm = line[..NameColumns].TrimStart((byte)' ');
        var rest = line[(NameColumns + 1)..];
        if (comm.IsEmpty || !TryTakeNumber(ref rest, out var tid) || tid > int.MaxValue)
            return false;
        rest = rest.TrimStart((byte)' ');
        long pid = 0;
        if (rest.StartsWith("("u8))
        {
            var end = rest.IndexOf((byte)')');
            if (end < 0)
                return false;
            var number = rest[1..end].TrimStart((byte)' ');
            if (TryTakeNumber(ref number, out var known) && number.IsEmpty && known <= int.MaxValue)
                pid = known;
            rest = rest[(end + 1)..].TrimStart((byte)' ');
        }
        if (!rest.StartsWith("["u8) || !TryTakeWord(ref rest, out _) || !TryTakeWord(ref rest, out _) ||
            !TryTakeTime(ref rest, out var timeUs))
        {
            return false;
        }
        var nameEnd = rest.IndexOfAny(": ("u8);
        if (nameEnd <= 0)
            return false;
        var text = rest[nameEnd..];
        parsed = new(comm, (int)tid, (int)pid, timeUs, rest[..nameEnd], text.StartsWith(":"u8) ? text[1..] : text);
        return true;
    }

    /// <summary>The number in <c>CPU:3 [LOST 123 EVENTS]</c> (kernel: print_trace_line); else 0.</summary>
    public static long LostEvents(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("CPU:"u8) || line.IndexOf(" [LOST "u8) is not (>= 0 and var at))
            return 0;
        var number = line[(at + " [LOST "u8.Length)..];
        if (number.SequenceEqual("EVENTS]"u8))
            return 1; // the kernel does not know the number
        return TryTakeNumber(ref number, out var lost) && number.SequenceEqual(" EVENTS]"u8) ? lost : 0;
    }

    /// <summary>The hexadecimal value after <c>key: </c> in an entry of a system call.</summary>
    public bool TryField(ReadOnlySpan<byte> key, out long value)
    {
        value = 0;
        var at = Text.IndexOf(key);
        if (at < 0)
            return false;
        var number = Text[(at + key.Length)..];
        if (number.StartsWith("0x"u8))
            number = number[2..];
        return Utf8Parser.TryParse(number, out value, out _, 'x');
    }

    /// <summary>The return value of a system call, from <c> -> 0xffffffffffffffed</c>.</summary>
    public bool TryResult(out long value) => TryField(" -> "u8, out value);

    static bool TryTakeNumber(ref ReadOnlySpan<byte> rest, out long number)
    {
        if (!Utf8Parser.TryParse(rest, out number, out var used) || number < 0)
            return false;
        rest = rest[used..];
        return true;
    }

    static bool TryTakeWord(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> word)
    {
        rest = rest.TrimStart((byte)' ');
        var end = rest.IndexOf((byte)' ');
        word = end > 0 ? rest[..end] : default;
        rest = end > 0 ? rest[end..] : rest;
        return end > 0;
    }

    // "79.934151: "
    static bool TryTakeTime(ref ReadOnlySpan<byte> rest, out long timeUs)
    {
        const int Digits = 6;
        timeUs = 0;
        rest = rest.TrimStart((byte)' ');
        if (!TryTakeNumber(ref rest, out var seconds) || seconds > long.MaxValue / 2_000_000 ||
            rest.Length < Digits + 3 || rest[0] != '.')
        {
            return false;
        }
        rest = rest[1..];
        if (!Utf8Parser.TryParse(rest, out uint fraction, out var used) || used != Digits ||
            !rest[used..].StartsWith(": "u8))
        {
            return false;
        }
        timeUs = (seconds * 1_000_000) + fraction;
        rest = rest[(used + 2)..];
        return true;
    }
}
