using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Drover.Linux;

/// <summary>systemd's journal, by its native protocol: entries of fields, which can be asked for one by one. Entries it does not take are lost. Safe for any thread.</summary>
public sealed class Journal
{
    const string DefaultPath = "/run/systemd/journal/socket";

    readonly string _path;

    internal Journal(string path) => _path = path;

    /// <summary>The journal that this process's standard error goes to (<c>$JOURNAL_STREAM</c>, systemd.exec(5)); null where it goes elsewhere.</summary>
    public static Journal? OfProcess() => Of(Environment.GetEnvironmentVariable("JOURNAL_STREAM"), "/proc/self/fd/2") ? new Journal(DefaultPath) : null;

    /// <summary>Whether <c>DEVICE:INODE</c> is this file.</summary>
    internal static bool Of(string? stream, string path) =>
        stream?.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon &&
        ulong.TryParse(stream.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var inode) && LinuxPath.InodeOf(path) == inode;

    /// <summary>Writes one entry.</summary>
    /// <param name="priority">0 (emergency) to 7 (debug).</param>
    /// <param name="message">For people.</param>
    /// <param name="fields">Names, in capitals, and values.</param>
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

    /// <summary><c>NAME=value</c>; a value of several lines has its length before it.</summary>
    static void Add(MemoryStream entry, string name, string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        entry.Write(Encoding.UTF8.GetBytes(name));
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
