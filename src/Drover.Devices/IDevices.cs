namespace Drover.Devices;

/// <summary><c>ACTION</c> of a uevent.</summary>
public enum DeviceAction { Add, Remove, Change, Move, Online, Offline, Bind, Unbind, Other }

/// <summary>A uevent of the kernel, or a device found by a scan.</summary>
/// <param name="Action"><see cref="DeviceAction.Add"/> for a device found by a scan.</param>
/// <param name="DevPath">The device's path below /sys, beginning with a slash.</param>
/// <param name="Subsystem">The device's subsystem, or empty.</param>
/// <param name="Seqnum">The event's SEQNUM; for a device found by a scan, the kernel's SEQNUM when the scan started: a
/// device added later sends its own event.</param>
/// <param name="Modaliases">All MODALIAS lines: none, one or two.</param>
/// <param name="Properties">The other properties, as KEY=value.</param>
public sealed record DeviceEvent(
    DeviceAction Action, string DevPath, string Subsystem, ulong Seqnum,
    IReadOnlyList<string> Modaliases, IReadOnlyList<string> Properties)
{
    /// <summary>From a write to the uevent file (udevadm trigger; kernel: kobject_synth_uevent, since 4.13).</summary>
    public bool IsSynthetic => Properties.Any(property => property.StartsWith("SYNTH_UUID=", StringComparison.Ordinal));
}

/// <summary>Port: the machine's devices and their events, real or a model's. Used on the event loop.</summary>
public interface IDevices
{
    /// <summary>SEQNUM of the last event the kernel sent, received or not.</summary>
    ulong Seqnum { get; }

    /// <summary>Scans for all devices, lazily and without making the kernel send events.</summary>
    IEnumerable<DeviceEvent> Enumerate();

    /// <summary>Listens until disposed; both callbacks run on the event loop. <paramref name="lost"/> reports that
    /// events were dropped (ENOBUFS): scan again. Null for a source without events (the sysfs of another machine, a
    /// container), which can only be scanned.</summary>
    /// <exception cref="IOException">There are events, and no descriptor or thread to receive them.</exception>
    IDisposable? Listen(Action<DeviceEvent> received, Action lost);
}
