using Drover.Loading;

namespace Drover.Devices;

/// <summary>Something a device wants loaded.</summary>
/// <param name="Asked">A modalias, or the name of a module.</param>
/// <param name="ApplyBlacklist">It is a name that a rule of udev's knows: a blacklist line holds for it, as it does for every modalias.</param>
public readonly record struct DeviceWish(string Asked, bool ApplyBlacklist)
{
    /// <summary>The request a loader is made for it.</summary>
    public LoadRequest ToRequest(DeviceEvent device) => new(Asked, device.DevPath, device.Seqnum, ApplyBlacklist: ApplyBlacklist);
}

/// <summary>What a device wants: every MODALIAS it has, and what its subsystem implies. Stateless.</summary>
public static class DeviceWishes
{
    /// <summary>Modaliases first, in their order.</summary>
    public static IEnumerable<DeviceWish> Of(DeviceEvent device)
    {
        foreach (var modalias in device.Modaliases)
            yield return new DeviceWish(modalias, ApplyBlacklist: false);
        foreach (var module in ImpliedModules.For(device))
            yield return new DeviceWish(module, ApplyBlacklist: true);
    }
}
