using Drover.Devices;
using Drover.Loading;

namespace Drover.Model;

/// <summary>
/// <c>drover coldplug</c>: the production code of Drover.Devices and Drover.Loading, unchanged, on the modelled machine. Its own computing is charged in one piece: starting,
/// reading every device's uevent file, and one look-up for each distinct modalias.
/// </summary>
sealed class DroverHerd(HerdMachine machine) : Herd(machine), ILoaderObserver
{
    static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(100);

    ModelTask? _drover;

    public ColdplugReport? Report { get; private set; }

    public override void Begin()
    {
        _drover = Machine.NewTask("drover");
        foreach (var device in Machine.FirstDevices())
            Machine.Appear(device);
        Machine.Spawn(StartAsync);
    }

    async ValueTask StartAsync()
    {
        var distinct = Machine.Devices.SelectMany(device => device.Modaliases).Distinct().Count();
        await Machine.Kernel.Compute(Machine.Costs.StartNs + (Machine.Devices.Count * Machine.Costs.InitStateNs) + (distinct * Machine.Costs.LookupNs));
        var loop = new SimulatedLoop(Machine.Simulation);
        var catalog = ScenarioCatalog.Of(Machine.Options.Scenario);
        var loader = new Loader(loop, new ModelKernelPort(Machine, loop, catalog), new NoOtherProcess(), catalog, new LoaderOptions(), this);
        var coldplug = new Coldplug(loop, new ModelDevices(Machine, loop), loader, Quiet);
        _ = loop.Start(() => RunAsync(coldplug));
    }

    async Task RunAsync(Coldplug coldplug)
    {
        try
        {
            Report = await coldplug.RunAsync(CancellationToken.None);
            Machine.End(_drover!);
            IsDone = true;
        }
        catch (Exception fault)
        {
            Machine.Simulation.Fail(fault);
        }
    }

    public void Calling(LoadCall call, ModuleFileFacts file)
    {
        // the kernel's side of it is in the trace
    }

    public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
    {
        // as above
    }

    public void Noted(string message) => Machine.Trace.Happened(HerdEventKind.Note, _drover, what: message);
}
