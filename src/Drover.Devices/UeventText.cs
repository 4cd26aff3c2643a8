using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Drover.Devices;

/// <summary>
/// What a uevent says, from either of its forms: a message of the kernel's on netlink, or the text of a device's <c>uevent</c> file.
/// Every byte becomes the character of the same number (Latin-1), so that nothing is lost, whatever a driver or a hostile tree puts there, and equal bytes stay equal strings.
/// Stateless; safe for any thread; it throws nothing and keeps nothing of what it reads.
/// </summary>
public static class UeventText
{
    const string Modalias = "MODALIAS", Action = "ACTION", DevPath = "DEVPATH", Subsystem = "SUBSYSTEM", Seqnum = "SEQNUM";

    /// <summary>
    /// A kernel's message: <c>ACTION@DEVPATH</c>, then KEY=value, each ended by a NUL (kernel: <c>alloc_uevent_skb</c>, <c>zap_modalias_env</c>).
    /// False for anything that lacks ACTION, DEVPATH or SEQNUM, such as what udev sends to its own listeners.
    /// </summary>
    public static bool TryParseMessage(ReadOnlySpan<byte> message, [NotNullWhen(true)] out DeviceEvent? uevent)
    {
        uevent = null;
        var end = message.IndexOf((byte)0);
        if (end < 0 || message[..end].IndexOf("@/"u8) <= 0)
        {
            return false;
        }

        var fields = new Fields((byte)0);
        fields.Read(message[(end + 1)..]);
        if (fields.Action is not { } action || fields.DevPath is not { } path || !IsDevPath(path) || fields.Seqnum is not { } seqnum)
        {
            return false;
        }

        uevent = new(action, path, fields.Subsystem ?? "", seqnum, fields.Modaliases, fields.Properties);
        return true;
    }

    /// <summary>A device that was found, from its uevent file: KEY=value lines (kernel: <c>uevent_show</c>). Lines without a key are left out.</summary>
    public static DeviceEvent ParseFile(ReadOnlySpan<byte> text, string devPath, string subsystem, ulong seqnum)
    {
        var fields = new Fields((byte)'\n');
        fields.Read(text);
        return new(DeviceAction.Add, devPath, subsystem, seqnum, fields.Modaliases, fields.Properties);
    }

    static bool IsDevPath(string path) => path.Length > 1 && path[0] == '/';

    /// <summary>The fields as they come; of one that comes twice the first counts, and of MODALIAS both.</summary>
    ref struct Fields(byte separator)
    {
        List<string>? _modaliases;
        List<string>? _properties;
        bool _hasSeqnum; // perhaps one that is no number

        internal DeviceAction? Action { get; private set; }
        internal string? DevPath { get; private set; }
        internal string? Subsystem { get; private set; }
        internal ulong? Seqnum { get; private set; }
        internal readonly IReadOnlyList<string> Modaliases => _modaliases ?? (IReadOnlyList<string>)[];
        internal readonly IReadOnlyList<string> Properties => _properties ?? (IReadOnlyList<string>)[];

        internal void Read(ReadOnlySpan<byte> text)
        {
            while (!text.IsEmpty)
            {
                var end = text.IndexOf(separator);
                Add(end < 0 ? text : text[..end]);
                text = end < 0 ? [] : text[(end + 1)..];
            }
        }

        void Add(ReadOnlySpan<byte> field)
        {
            var equals = field.IndexOf((byte)'=');
            if (equals <= 0)
            {
                return;
            }

            var value = field[(equals + 1)..];
            if (Is(field, UeventText.Modalias))
            {
                if (!value.IsEmpty)
                {
                    (_modaliases ??= []).Add(Encoding.Latin1.GetString(value));
                }
            }
            else if (separator != 0 || !AddEnvelope(field, value))
            {
                (_properties ??= []).Add(Encoding.Latin1.GetString(field));
            }
        }

        /// <summary>What only a message has: what happened, to whom, and when.</summary>
        bool AddEnvelope(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value)
        {
            if (Is(field, UeventText.Action))
            {
                Action ??= ActionOf(value);
            }
            else if (Is(field, UeventText.DevPath))
            {
                DevPath ??= Encoding.Latin1.GetString(value);
            }
            else if (Is(field, UeventText.Subsystem))
            {
                Subsystem ??= Encoding.Latin1.GetString(value);
            }
            else if (Is(field, UeventText.Seqnum))
            {
                if (!_hasSeqnum)
                {
                    _hasSeqnum = true;
                    Seqnum = Utf8Parser.TryParse(value, out ulong number, out var length) && length == value.Length ? number : null;
                }
            }
            else
            {
                return false;
            }

            return true;
        }

        static bool Is(ReadOnlySpan<byte> field, string key) =>
            field.Length > key.Length && field[key.Length] == (byte)'=' && Ascii.Equals(field[..key.Length], key);
    }

    // kernel: kobject_actions
    static DeviceAction ActionOf(ReadOnlySpan<byte> word) =>
        word.SequenceEqual("add"u8) ? DeviceAction.Add :
        word.SequenceEqual("remove"u8) ? DeviceAction.Remove :
        word.SequenceEqual("change"u8) ? DeviceAction.Change :
        word.SequenceEqual("move"u8) ? DeviceAction.Move :
        word.SequenceEqual("online"u8) ? DeviceAction.Online :
        word.SequenceEqual("offline"u8) ? DeviceAction.Offline :
        word.SequenceEqual("bind"u8) ? DeviceAction.Bind :
        word.SequenceEqual("unbind"u8) ? DeviceAction.Unbind :
        DeviceAction.Other;
}
