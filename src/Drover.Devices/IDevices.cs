namespace Drover.Devices;

/// <summary>What happened to a device (<c>ACTION</c> of a uevent).</summary>
public enum DeviceAction { Add, Remove, Change, Move, Online, Offline, Bind, Unbind, Other }

/// <summary>A device and what happened to it: a uevent from the kernel, or a device found by looking.</summary>
/// <param name="Action"><see cref="DeviceAction.Add"/> for a device that was found.</param>
/// <param name="DevPath">Its path below /sys, beginning with a slash.</param>
/// <param name="Subsystem">Its subsystem, or empty.</param>
/// <param name="Seqnum">The event's SEQNUM; for a device that was found, the kernel's SEQNUM when the look began: of who comes later there is an event.</param>
/// <param name="Modaliases">Every MODALIAS line it has: none, one or two.</param>
/// <param name="Properties">The other properties, as KEY=value.</param>
public sealed record DeviceEvent(
    DeviceAction Action, string DevPath, string Subsystem, ulong Seqnum, IReadOnlyList<string> Modaliases, IReadOnlyList<string> Properties)
{
    /// <summary>Somebody wrote to the device's uevent file (udevadm trigger): nothing has happened to it (kernel: kobject_synth_uevent, since 4.13).</summary>
    public bool IsSynthetic
    {
        get
        {
            foreach (var property in Properties)
            {
                if (property.StartsWith("SYNTH_UUID=", StringComparison.Ordinal))
                    return true;
            }
            return false;
        }
    }
}

/// <summary>What devices are there and what happens to them; behind it stands sysfs and netlink, or a model. Used on the event loop.</summary>
public interface IDevices
{
    /// <summary>SEQNUM of the last event the kernel sent, received here or not.</summary>
    ulong Seqnum { get; }

    /// <summary>Every device there is, found by looking; lazily, and without asking the kernel to repeat its events.</summary>
    IEnumerable<DeviceEvent> Enumerate();

    /// <summary>
    /// Listens until disposed; both callbacks run on the event loop. <paramref name="lost"/> says that events were dropped (ENOBUFS): look at all devices again.
    /// Null when this source has no events (a foreign tree, a container): then only looking helps.
    /// </summary>
    IDisposable? Listen(Action<DeviceEvent> received, Action lost);
}
