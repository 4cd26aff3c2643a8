using Drover.Kernel;
using Drover.Model.Explore;
using Drover.Model.Herds;

namespace Drover.Model.Tests.Explore;

/// <summary>The explorer catches each broken part: a check that has never failed is untested.</summary>
public sealed class MutationTests
{
    const int Seeds = 4000;

    public static TheoryData<string> Names => [.. Mutants.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Explorer_catches_each_mutant_of_the_model(string mutant) =>
        AssertCaught(Mutants.All[mutant].Parts, Mutants.All[mutant].Invariant);

    [Fact]
    public void Explorer_catches_parallel_calls_for_one_module() =>
        AssertCaught(SideBySideAsync, Invariant.DroverOneCallInFlight);

    [Fact]
    public void Explorer_catches_a_call_for_a_live_module() =>
        AssertCaught(OneAfterAnotherAsync, Invariant.DroverNoCallForLive);

    [Fact]
    public void Explorer_catches_a_call_that_never_ends() =>
        AssertCaught((_, _) => new TaskCompletionSource<LoadReply>().Task, Invariant.Deadlock);

    [Fact]
    public void Explorer_catches_a_success_without_a_call() =>
        AssertCaught((_, _) => Task.FromResult(new LoadReply(Errno.None)), Invariant.DroverConverges);

    static async Task<LoadReply> SideBySideAsync(IKernel kernel, LoadCall call)
    {
        var other = kernel.LoadAsync(call);
        var reply = await kernel.LoadAsync(call);
        await other;
        return reply;
    }

    static async Task<LoadReply> OneAfterAnotherAsync(IKernel kernel, LoadCall call)
    {
        await kernel.LoadAsync(call);
        return await kernel.LoadAsync(call);
    }

    static void AssertCaught(Func<IKernel, LoadCall, Task<LoadReply>> load, Invariant invariant) =>
        AssertCaught(Mutants.OfPort(port => new Port(port, load)), invariant);

    static void AssertCaught(ModelParts parts, Invariant invariant)
    {
        var violation = Assert.Single(
            Explorer.Run(new() { Seeds = Seeds, MaxViolations = 1, Parts = parts }).Violations);
        var text = $"{violation.Invariant}: {violation.What}\n{string.Join('\n', violation.Schedule)}";
        TestContext.Current.TestOutputHelper?.WriteLine($"{text}\n{violation.Trace.Count} events, {violation.Replay}");
        Assert.True(violation.Invariant == invariant, $"{text}\n{string.Join('\n', violation.Trace)}");
        Assert.NotEmpty(violation.Schedule);
    }

    /// <summary>A kernel port with other load calls.</summary>
    sealed class Port(IKernel kernel, Func<IKernel, LoadCall, Task<LoadReply>> load) : IKernel
    {
        public int CpuCount => kernel.CpuCount;

        public long AvailableBytes => kernel.AvailableBytes;

        public ModuleCompression Decompresses => kernel.Decompresses;

        public ModuleCompression CheaperHere => kernel.CheaperHere;

        public ulong UeventSeqnum => kernel.UeventSeqnum;

        public InitState InitStateOf(string module) => kernel.InitStateOf(module);

        public bool HasDrivers(string module) => kernel.HasDrivers(module);

        public bool TryInspect(string path, out ModuleFileFacts facts, out LoadReply reason) =>
            kernel.TryInspect(path, out facts, out reason);

        public Task<LoadReply> LoadAsync(LoadCall call) => load(kernel, call);

        public Task<int> RunInstallCommandAsync(string command, string module) =>
            kernel.RunInstallCommandAsync(command, module);
    }
}
