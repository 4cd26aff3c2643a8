using Drover.Loading;

namespace Drover.Devices;

/// <summary>How far a coldplug is.</summary>
public readonly record struct ColdplugProgress(int Devices, int Modaliases, int Distinct, int Waiting);

/// <summary>
/// Loads what the devices that are there ask for, and the devices that appear because of it, until nothing new comes. Equal modaliases become one request
/// before anything is looked up. One owner, the event loop.
/// </summary>
public sealed class Coldplug
{
    readonly EventLoop _loop;
    readonly IDevices _devices;
    readonly Loader _loader;
    readonly DeviceRequests _requests;
    readonly TimeSpan _quiet;

    /// <summary>A coldplug that has not begun.</summary>
    /// <param name="loop">Owns all state.</param>
    /// <param name="devices">What is there, and what happens.</param>
    /// <param name="loader">Is told of removals for as long as the coldplug runs, where <paramref name="devices"/> can be listened to.</param>
    /// <param name="quiet">How long after a module with drivers has become live devices may still appear: a driver's probe may go on after its module's init (serio, USB, SCSI hosts).</param>
    public Coldplug(EventLoop loop, IDevices devices, Loader loader, TimeSpan quiet)
    {
        (_loop, _devices, _loader, _quiet) = (loop, devices, loader, quiet);
        _requests = new DeviceRequests(loop, devices, loader, loader.RequestAsync);
    }

    /// <summary>How far it is.</summary>
    public ColdplugProgress Progress => new(_requests.Devices, _requests.Modaliases, _requests.Distinct, _requests.Waiting);

    /// <summary>Runs until nothing new comes, or <paramref name="stop"/>: then what is in the kernel ends, what is not is dropped.</summary>
    public async Task<ColdplugReport> RunAsync(CancellationToken stop)
    {
        var began = _loop.Time.GetTimestamp();
        using (var listening = _requests.Listen(stop))
        {
            await _requests.LookAsync(stop);
            while (!stop.IsCancellationRequested)
            {
                await _requests.AnswersAsync();
                var present = _requests.Present;
                if (_requests.HasLost)
                {
                    await _requests.LookAsync(stop);
                    continue;
                }
                await QuietAsync(stop);
                if (_requests.Waiting > 0 || _requests.HasLost)
                    continue;
                if (listening is not null && _requests.Heard >= _devices.Seqnum)
                    break;
                // no events to go by, or not all of them reached us: look, until a look finds nothing
                await _requests.LookAsync(stop);
                if (_requests.Present == present && _requests.Waiting == 0)
                    break;
            }
            await _requests.AnswersAsync();
        }
        return Report(_loop.Time.GetElapsedTime(began));
    }

    /// <summary>Waits until it is some time ago that a driver came; not at all if none did.</summary>
    async Task QuietAsync(CancellationToken stop)
    {
        // while we wait, a device may have come, been served and gone by: then the wait begins anew
        while (_loader.LastDriverAt is { } came && _quiet - _loop.Time.GetElapsedTime(came) is var left && left > TimeSpan.Zero && !stop.IsCancellationRequested)
            await _loop.Delay(left, stop);
    }

    ColdplugReport Report(TimeSpan took) => new()
    {
        Devices = _requests.Devices,
        Modaliases = _requests.Modaliases,
        Aliases = _requests.Report(),
        Looks = _requests.Looks,
        TimesLost = _requests.TimesLost,
        Took = took,
        Counts = _loader.Counts,
    };
}
