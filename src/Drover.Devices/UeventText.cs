using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using Drover.Text;

namespace Drover.Devices;

/// <summary>Reads both forms of a uevent: the kernel's netlink message and a device's <c>uevent</c> file. Nothing is
/// lost (<see cref="ByteText"/>), whatever a driver or a hostile tree writes. Never throws.</summary>
public static class UeventText
{
    /// <summary>Reads a message of the kernel: <c>ACTION@DEVPATH</c>, then KEY=value, each with a NUL (kernel:
    /// <c>alloc_uevent_skb</c>, <c>zap_modalias_env</c>). False for a message without ACTION, DEVPATH or SEQNUM, such
    /// as those udev sends to its listeners.</summary>
    public static bool TryParseMessage(ReadOnlySpan<byte> message, [NotNullWhen(true)] out DeviceEvent? uevent)
    {
        uevent = null;
        var end = message.IndexOf((byte)0);
        if (end < 0 || message[..end].IndexOf("@/"u8) <= 0)
            return false;
        var fields = new Fields((byte)0);
        fields.Read(message[(end + 1)..]);
        if (fields.Action is not { } action || fields.DevPath is not ['/', _, ..] || fields.Seqnum is not { } seqnum)
            return false;
        uevent = new(action, fields.DevPath, fields.Subsystem ?? "", seqnum, fields.Modaliases, fields.Properties);
        return true;
    }

    /// <summary>Reads a uevent file: KEY=value lines (kernel: <c>uevent_show</c>); ignores others.</summary>
    public static DeviceEvent ParseFile(ReadOnlySpan<byte> text, string devPath, string subsystem, ulong seqnum)
    {
        var fields = new Fields((byte)'\n');
        fields.Read(text);
        return new(DeviceAction.Add, devPath, subsystem, seqnum, fields.Modaliases, fields.Properties);
    }

    /// <summary>The fields in their order. The first of equal keys counts, except for MODALIAS, where all do.</summary>
    ref struct Fields(byte separator)
    {
        List<string>? _modaliases;
        List<string>? _properties;
        bool _hasSeqnum; // also for one that is not a number

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
                return;
            var value = field[(equals + 1)..];
            if (field[..equals].SequenceEqual("MODALIAS"u8))
            {
                if (!value.IsEmpty)
                    (_modaliases ??= []).Add(ByteText.Of(value));
            }
            else if (separator != 0 || !TryAddEnvelope(field[..equals], value))
            {
                (_properties ??= []).Add(ByteText.Of(field));
            }
        }

        /// <summary>The fields that only a message has.</summary>
        bool TryAddEnvelope(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            if (key.SequenceEqual("ACTION"u8))
                Action ??= ActionOf(value);
            else if (key.SequenceEqual("DEVPATH"u8))
                DevPath ??= ByteText.Of(value);
            else if (key.SequenceEqual("SUBSYSTEM"u8))
                Subsystem ??= ByteText.Of(value);
            else if (key.SequenceEqual("SEQNUM"u8))
                ReadSeqnum(value);
            else
                return false;
            return true;
        }

        void ReadSeqnum(ReadOnlySpan<byte> value)
        {
            if (!_hasSeqnum && Utf8Parser.TryParse(value, out ulong number, out var end) && end == value.Length)
                Seqnum = number;
            _hasSeqnum = true;
        }
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
