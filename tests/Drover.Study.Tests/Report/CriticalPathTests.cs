using CsCheck;
using Drover.Study.Recordings;
using Drover.Study.Report;

namespace Drover.Study.Tests.Report;

public class CriticalPathTests
{
    static readonly Gen<RecordedCall> s_call =
        from module in Gen.Int[0, 4]
        from worker in Gen.Int[0, 3]
        from start in Gen.Long[0, 50]
        from took in Gen.Long[0, 20]
        from needed in Gen.Int[0, 4].Array[0, 2]
        from request in Gen.Int[0, 2]
        from waited in Gen.Long[0, 10]
        select new RecordedCall
        {
            Request = request == 0 ? null : $"a{request}",
            RequestNs = start - waited,
            Module = $"m{module}",
            Worker = worker == 0 ? "" : $"w{worker}",
            StartNs = start,
            TookNs = took,
            Result = "0",
            Needed = [.. needed.Select(one => $"m{one}")],
        };

    [Fact]
    public void Path_ends_with_the_last_call_and_each_step_waited_for_one() => s_call.List[0, 40].Sample(calls =>
    {
        var path = CriticalPath.Of(calls);
        Assert.Equal(calls.Count == 0, path.Count == 0);
        if (path.Count == 0)
            return;
        Assert.Equal(calls.Max(call => call.EndNs), path[^1].Call.EndNs);
        Assert.Equal(PathReason.Begins, path[0].Reason);
        for (var i = 1; i < path.Count; i++)
        {
            var (before, call) = (path[i - 1].Call, path[i].Call);
            Assert.True(before.StartNs < call.StartNs);
            Assert.True(path[i].Reason switch
            {
                PathReason.Needs => call.Needed.Contains(before.Module),
                PathReason.SameModule =>
                    before.Module == call.Module && before.EndNs > call.StartNs && before.EndNs <= call.EndNs,
                PathReason.Order =>
                    call.Request is not null && before.Request == call.Request && call.RequestNs > before.StartNs,
                PathReason.Worker => before.Worker == call.Worker && before.EndNs <= call.StartNs,
                _ => false,
            });
        }
        // the first step has no dependency that started earlier
        var first = path[0].Call;
        Assert.DoesNotContain(calls, call => call.StartNs < first.StartNs && first.Needed.Contains(call.Module));
    });

    [Fact]
    public void Last_of_several_dependencies_is_on_the_path()
    {
        RecordedCall[] calls =
        [
            new() { Module = "quick", StartNs = 0, TookNs = 5, Result = "0" },
            new() { Module = "slow", StartNs = 1, TookNs = 50, Result = "0" },
            new() { Module = "late", StartNs = 2, TookNs = 10, Result = "0" },
            new() { Module = "disk", StartNs = 51, TookNs = 9, Result = "0", Needed = ["quick", "slow", "late"] },
        ];
        Assert.Equal(["slow", "disk"], CriticalPath.Of(calls).Select(step => step.Call.Module));
    }

    [Fact]
    public void Modules_of_a_modalias_wait_for_the_previous_one_but_not_for_concurrent_ones()
    {
        RecordedCall[] calls =
        [
            Call("first", "cpu", 0, 0, 50),
            Call("library", "cpu", 50, 51, 5),
            Call("concurrent", "cpu", 50, 52, 90),
            Call("other", "pci", 60, 61, 60),
        ];
        Assert.Equal(
            [("first", PathReason.Begins), ("concurrent", PathReason.Order)],
            CriticalPath.Of(calls).Select(step => (step.Call.Module, step.Reason)));

        static RecordedCall Call(string module, string bus, long requestNs, long startNs, long tookNs) => new()
        {
            Module = module,
            Request = $"{bus}:x",
            Requester = $"{bus}0",
            RequestNs = requestNs,
            StartNs = startNs,
            TookNs = tookNs,
            Result = "0",
        };
    }
}
