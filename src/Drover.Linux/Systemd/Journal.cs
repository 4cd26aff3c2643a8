using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Drover.Linux.Files;
using Drover.Linux.Syscalls;
using Drover.Text;

namespace Drover.Linux.Systemd;

/// <summary>systemd's journal, by its native protocol; entries may be lost. Safe for any thread.</summary>
public sealed class Journal
{
    const string DefaultPath = "/run/systemd/journal/socket";

    readonly string _path;

    internal Journal(string path) => _path = path;

    /// <summary>The journal if standard error goes to it (<c>$JOURNAL_STREAM</c>); else null.</summary>
    public static Journal? OfProcess() =>
        Of(Environment.GetEnvironmentVariable("JOURNAL_STREAM"), "/proc/self/fd/2") ? new Journal(DefaultPath) : null;

    /// <summary>Whether a file has the inode of <c>DEVICE:INODE</c>.</summary>
    internal static bool Of(string? stream, string path) =>
        stream?.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon &&
        ulong.TryParse(stream.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var inode) &&
        LinuxPath.InodeOf(path) == inode;

    /// <summary>Writes one entry.</summary>
    /// <param name="priority">0 (emergency) to 7 (debug).</param>
    public void Write(int priority, string message, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        using var entry = new MemoryStream();
        Add(entry, "PRIORITY", priority.ToString(CultureInfo.InvariantCulture));
        Add(entry, "SYSLOG_IDENTIFIER", "drover");
        Add(entry, "MESSAGE", message);
        foreach (var (name, value) in fields)
            Add(entry, name, value);
        UnixDatagram.TrySend(_path, entry.GetBuffer().AsSpan(0, (int)entry.Length));
    }

    /// <summary><c>NAME=value</c>; the length precedes a value of several lines.</summary>
    static void Add(MemoryStream entry, string name, string value)
    {
        var bytes = ByteText.BytesOf(value);
        entry.Write(ByteText.BytesOf(name));
        if (bytes.Contains((byte)'\n'))
        {
            Span<byte> length = stackalloc byte[1 + sizeof(ulong)];
            length[0] = (byte)'\n';
            BinaryPrimitives.WriteUInt64LittleEndian(length[1..], (ulong)bytes.Length);
            entry.Write(length);
        }
        else
        {
            entry.WriteByte((byte)'=');
        }
        entry.Write(bytes);
        entry.WriteByte((byte)'\n');
    }
}

/// <summary>syslog(3), for kmod's tools with <c>-s</c>. One thread at a time.</summary>
public static class Syslog
{
    /// <summary>Writes one line; it is lost without a syslog daemon.</summary>
    /// <param name="priority">0 (emergency) to 7 (debug).</param>
    public static void Write(string program, int priority, string message)
    {
        var ident = Marshal.StringToCoTaskMemUTF8(program); // a tool's name, in ASCII
        Libc.OpenLog(ident, 0, Libc.LOG_DAEMON);
        Libc.SysLog(Libc.LOG_DAEMON | priority, "%s", message);
        Libc.CloseLog();
        Marshal.FreeCoTaskMem(ident);
    }
}
