using Drover.Loading;
using Drover.Modules;

namespace Drover.Model.Tests;

/// <summary>Each invariant's code is broken on purpose, and the explorer sees it. A check that has never failed has not been tried.</summary>
public sealed class MutationTests
{
    const int Seeds = 4000;

    [Theory]
    [InlineData("AllowForgottenOnError", Invariant.WriteCount)]
    [InlineData("GateStaysShut", Invariant.WriteCount)]
    [InlineData("GateIsPlainDenial", Invariant.OneSetUp)]
    [InlineData("WriterIsLetIn", Invariant.WriterAndDenier)]
    [InlineData("FailureWakesNobody", Invariant.WakeUp)]
    [InlineData("GateWakesNobody", Invariant.WakeUp)]
    [InlineData("ProbesWakeNobody", Invariant.EveryCallReturns)]
    [InlineData("ImageIsKept", Invariant.Memory)]
    [InlineData("CopyIsKept", Invariant.Memory)]
    [InlineData("DuplicateIsAdded", Invariant.ModuleOnce)]
    [InlineData("UsersStay", Invariant.Users)]
    [InlineData("WasteIsNotCounted", Invariant.Statistics)]
    [InlineData("FailureIsExists", Invariant.ModuleOnce)]
    public void The_models_code_broken_is_caught(string mutation, Invariant invariant) =>
        AssertCaught(new ExploreOptions { Seeds = Seeds, MostViolations = 1, Mutation = Enum.Parse<Mutation>(mutation) }, invariant);

    [Fact]
    public void Every_mutation_is_tried()
    {
        var tried = GetType().GetMethod(nameof(The_models_code_broken_is_caught))!.GetCustomAttributesData().Count(attribute => attribute.AttributeType == typeof(InlineDataAttribute));
        Assert.Equal(Enum.GetValues<Mutation>().Length - 1, tried);
    }

    [Fact]
    public void Flights_that_do_not_meet_are_caught() => AssertCaught(kernel => new Port(kernel, SideBySideAsync), Invariant.DroverOneCallInFlight);

    [Fact]
    public void A_module_that_is_loaded_again_is_caught() => AssertCaught(kernel => new Port(kernel, OneAfterAnotherAsync), Invariant.DroverNoCallForLive);

    [Fact]
    public void A_share_of_the_budget_that_is_lost_is_caught() =>
        AssertCaught(kernel => new Port(kernel, (_, _) => new TaskCompletionSource<LoadReply>().Task), Invariant.Deadlock);

    [Fact]
    public void A_load_that_is_forgotten_is_caught() => AssertCaught(kernel => new Port(kernel, (_, _) => Task.FromResult(new LoadReply(Errno.None))), Invariant.DroverConverges);

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

    static void AssertCaught(Func<IKernel, IKernel> port, Invariant invariant) =>
        AssertCaught(new ExploreOptions { Seeds = Seeds, MostViolations = 1, KernelPort = port }, invariant);

    static void AssertCaught(ExploreOptions options, Invariant invariant)
    {
        var violation = Assert.Single(Explorer.Run(options).Violations);
        TestContext.Current.TestOutputHelper?.WriteLine($"{violation.Invariant}: {violation.What}\n{string.Join('\n', violation.Schedule)}\n{violation.Trace.Count} events, {violation.Replay}");
        Assert.True(violation.Invariant == invariant, $"{violation.Invariant}: {violation.What}\n{string.Join('\n', violation.Schedule)}\n{string.Join('\n', violation.Trace)}");
        Assert.NotEmpty(violation.Schedule);
    }

    /// <summary>A kernel port whose calls are not what they should be.</summary>
    sealed class Port(IKernel kernel, Func<IKernel, LoadCall, Task<LoadReply>> load) : IKernel
    {
        public int CpuCount => kernel.CpuCount;

        public long AvailableBytes => kernel.AvailableBytes;

        public ModuleCompression Decompresses => kernel.Decompresses;

        public ulong UeventSeqnum => kernel.UeventSeqnum;

        public InitState InitStateOf(string module) => kernel.InitStateOf(module);

        public bool HasDrivers(string module) => kernel.HasDrivers(module);

        public bool TryInspect(string path, out ModuleFileFacts facts, out LoadReply reason) => kernel.TryInspect(path, out facts, out reason);

        public Task<LoadReply> LoadAsync(LoadCall call) => load(kernel, call);

        public Task<int> RunInstallCommandAsync(string command, string module) => kernel.RunInstallCommandAsync(command, module);
    }
}
