using Drover.Kernel;
using Drover.Model.Explore;
using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Model.Scenarios;

namespace Drover.Model.Tests.Explore;

/// <summary>Broken parts of the model, each with the invariant that must catch it.</summary>
static class Mutants
{
    // before All, which uses it
    public static ModelParts AddsDuplicates { get; } = OfLoad(kernel => new FindsNothing(kernel));

    public static IReadOnlyDictionary<string, (ModelParts Parts, Invariant Invariant)> All { get; } =
        new Dictionary<string, (ModelParts, Invariant)>
        {
            ["read that fails keeps its denial"] = (Of(file => new KeepsDenial(file)), Invariant.WriteCount),
            ["exclusive gate stays shut"] = (Of(file => new StaysShut(file)), Invariant.WriteCount),
            ["exclusive gate is a plain denial"] = (Of(file => new DeniesPlainly(file)), Invariant.OneSetUp),
            ["writer is admitted during a denial"] = (Of(file => new AdmitsWriters(file)), Invariant.WriterAndDenier),
            ["failure wakes no waiting call"] = (Of(setup => new FailsSilently(setup)), Invariant.WakeUp),
            ["idempotent gate wakes no waiting call"] = (OfGate(), Invariant.WakeUp),
            ["end of probes wakes no waiting call"] = (
                OfLoad(kernel => new ProbesSilently(kernel)), Invariant.EveryCallReturns),
            ["failed init keeps the image"] = (OfLoad(kernel => new KeepsImage(kernel)), Invariant.Memory),
            ["early duplicate keeps its copy"] = (OfLoad(kernel => new KeepsCopy(kernel)), Invariant.Memory),
            ["duplicate is added to the list"] = (AddsDuplicates, Invariant.ModuleOnce),
            ["failed module keeps its dependencies"] = (OfLoad(kernel => new KeepsUsers(kernel)), Invariant.Users),
            ["late duplicate is not counted"] = (OfLoad(kernel => new CountsNothing(kernel)), Invariant.Statistics),
            ["failure is EEXIST for waiting calls"] = (
                OfLoad(kernel => new HidesFailure(kernel)), Invariant.ModuleOnce),
        };

    /// <summary>Parts with another kernel port for the production loader.</summary>
    public static ModelParts OfPort(Func<IKernel, IKernel> port) => new Parts { Port = port };

    static Parts Of(Func<string, Inode> inode) => new() { Inode = inode };

    static Parts Of(Func<KernelSetup, KernelModel> kernel) => new() { Kernel = kernel };

    static Parts OfGate() =>
        Of(setup => new KernelModel(setup) { Idempotent = new SilentGate(setup) });

    static Parts OfLoad(Func<KernelModel, LoadModule> load) => Of(setup => new LoadsWith(setup, load));

    sealed class Parts : ModelParts
    {
        public Func<string, Inode> Inode { get; init; } = path => new Inode(path);

        public Func<KernelSetup, KernelModel> Kernel { get; init; } = setup => new KernelModel(setup);

        public Func<IKernel, IKernel> Port { get; init; } = port => port;

        public override ModuleOnDisk NewFile(ScenarioModule facts, string path)
        {
            var inode = Inode(path);
            var file = new ModuleOnDisk(facts, inode);
            if (inode is KeepsDenial denial)
                denial.File = file;
            return file;
        }

        public override KernelModel NewKernel(KernelSetup setup) => Kernel(setup);

        public override IKernel NewPort(IKernel port) => Port(port);
    }

    sealed class KeepsDenial(string path) : Inode(path)
    {
        public ModuleOnDisk? File { get; set; }

        public override void AllowWriteAccess()
        {
            if (!File!.IsUnreadable)
                base.AllowWriteAccess();
        }
    }

    sealed class StaysShut(string path) : Inode(path)
    {
        bool _isExclusive;

        public override Errno ExclusiveDenyWriteAccess()
        {
            var error = base.ExclusiveDenyWriteAccess();
            _isExclusive |= error is Errno.None;
            return error;
        }

        public override void AllowWriteAccess()
        {
            // the gate's denial is the last one
            if (!_isExclusive || WriteCount < -1)
                base.AllowWriteAccess();
        }
    }

    sealed class DeniesPlainly(string path) : Inode(path)
    {
        public override Errno ExclusiveDenyWriteAccess() => DenyWriteAccess();
    }

    sealed class AdmitsWriters(string path) : Inode(path)
    {
        public override Errno GetWriteAccess()
        {
            WriteCount++;
            return Errno.None;
        }
    }

    sealed class FailsSilently(KernelSetup setup) : KernelModel(setup)
    {
        protected override void WakeWaiting(ModuleState? state)
        {
            if (state is not (ModuleState.Going or null))
                base.WakeWaiting(state);
        }
    }

    sealed class SilentGate(KernelSetup setup) : IdempotentGate(setup.Simulation)
    {
        protected override void Wake(WaitQueue waiting)
        {
            // the mutation
        }
    }

    sealed class LoadsWith : KernelModel
    {
        public LoadsWith(KernelSetup setup, Func<KernelModel, LoadModule> load)
            : base(setup) => LoadModule = load(this);
    }

    sealed class ProbesSilently(KernelModel kernel) : LoadModule(kernel)
    {
        protected override void WakeAfterProbe()
        {
            // the mutation
        }
    }

    sealed class KeepsImage(KernelModel kernel) : LoadModule(kernel)
    {
        protected override void FreeAfterFailedInit(long imageBytes)
        {
            // the mutation
        }
    }

    sealed class KeepsCopy(KernelModel kernel) : LoadModule(kernel)
    {
        protected override void FreeAfterEarlyFailure(LoadCallState call)
        {
            // the mutation
        }
    }

    sealed class KeepsUsers(KernelModel kernel) : LoadModule(kernel)
    {
        protected override void PutDependencies(List<KernelModule> used)
        {
            // the mutation
        }
    }

    sealed class CountsNothing(KernelModel kernel) : LoadModule(kernel)
    {
        protected override void CountLateFailure(LoadCallState call)
        {
            // the mutation
        }
    }

    sealed class FindsNothing(KernelModel kernel) : LoadModule(kernel)
    {
        protected override ValueTask<Errno> PatientCheckExistsAsync(LoadCallState call) => new(Errno.None);
    }

    sealed class HidesFailure(KernelModel kernel) : LoadModule(kernel)
    {
        protected override async ValueTask<Errno> PatientCheckExistsAsync(LoadCallState call) =>
            await base.PatientCheckExistsAsync(call) is var error and not Errno.EBUSY ? error : Errno.EEXIST;
    }
}
