using Drover.Loading;

namespace Drover.Devices;

/// <summary>What a coldplug would ask for, without asking: one look at all devices, equal wishes made one. Immutable.</summary>
public sealed class ColdplugSurvey
{
    readonly Dictionary<string, LoadRequest> _requests = [];

    ColdplugSurvey(IEnumerable<DeviceEvent> devices)
    {
        foreach (var device in devices)
        {
            Devices++;
            foreach (var wish in DeviceWishes.Of(device))
            {
                Modaliases++;
                _requests.TryAdd(wish.Asked, wish.ToRequest(device));
            }
        }
    }

    /// <summary>Devices there are.</summary>
    public int Devices { get; }

    /// <summary>All their wishes, as a loader that shares nothing would make them.</summary>
    public int Modaliases { get; }

    /// <summary>Each distinct one, in the name of the first device that has it.</summary>
    public IReadOnlyCollection<LoadRequest> Requests => _requests.Values;

    /// <summary>Looks at each device once.</summary>
    public static ColdplugSurvey Of(IEnumerable<DeviceEvent> devices) => new(devices);
}
