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

    /// <summary>The kernel's own requests must be bounded (design rule 11).</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    ModelTask? _drover;
    SimulatedLoop? _loop;
    Loader? _loader;

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
        _loop = new SimulatedLoop(Machine.Simulation);
        var catalog = ScenarioCatalog.Of(Machine.Options.Scenario);
        IKernel kernel = new ModelKernelPort(Machine, _loop, catalog);
        _loader = new Loader(_loop, Machine.Options.KernelPort?.Invoke(kernel) ?? kernel, new NoOtherProcess(), catalog, new LoaderOptions(), this);
        var coldplug = new Coldplug(_loop, new ModelDevices(Machine, _loop), _loader, Quiet);
        _ = _loop.Start(() => RunAsync(coldplug));
    }

    /// <summary>The kernel's modprobe is ours: it asks the loader, which may be the one that waits for it. Before that has started, it is kmod's.</summary>
    public override async ValueTask<Errno> RequestModuleAsync(string module)
    {
        if (_loop is null || _loader is null)
            return await base.RequestModuleAsync(module);
        // the kernel's thread is not the loop's: it sleeps until the loop has answered
        Errno? answer = null;
        var answered = new WaitQueue(Machine.Simulation);
        _ = _loop.Start(async () =>
        {
            try
            {
                answer = (await _loader.RequestAsync(new LoadRequest(module, Patience: Patience))).Modules[0].Error;
                answered.WakeAll();
            }
            catch (Exception fault)
            {
                Machine.Simulation.Fail(fault);
            }
        });
        while (answer is null)
            await answered.WaitUninterruptibly();
        return answer.Value;
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
