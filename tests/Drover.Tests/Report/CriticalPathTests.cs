using CsCheck;
using Drover.Report;

namespace Drover.Tests.Report;

public class CriticalPathTests
{
    static readonly Gen<RecordedCall> AnyCall =
        from module in Gen.Int[0, 4]
        from worker in Gen.Int[0, 3]
        from start in Gen.Long[0, 50]
        from took in Gen.Long[0, 20]
        from needed in Gen.Int[0, 4].Array[0, 2]
        from asked in Gen.Int[0, 2]
        from waited in Gen.Long[0, 10]
        select new RecordedCall { Asked = asked == 0 ? null : $"a{asked}", WantedNs = start - waited, Module = $"m{module}", Worker = worker == 0 ? "" : $"w{worker}", StartNs = start, TookNs = took, Result = "0", Needed = [.. needed.Select(one => $"m{one}")] };

    [Fact]
    public void It_ends_with_what_ended_last_and_every_step_waited_for_the_one_before() => AnyCall.List[0, 40].Sample(calls =>
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
                PathReason.SameModule => before.Module == call.Module && before.EndNs > call.StartNs && before.EndNs <= call.EndNs,
                PathReason.Order => before.Asked == call.Asked && call.Asked is not null && call.WantedNs > before.StartNs,
                PathReason.Worker => before.Worker == call.Worker && before.EndNs <= call.StartNs,
                _ => false,
            });
        }
        // nothing that the first could have waited for is left out
        Assert.DoesNotContain(calls, call => call.StartNs < path[0].Call.StartNs && path[0].Call.Needed.Contains(call.Module));
    });

    [Fact]
    public void Of_several_that_a_module_needs_the_last_one_counts()
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
    public void Modules_of_one_modalias_wait_for_the_one_before_but_not_for_what_was_on_its_way_with_them()
    {
        RecordedCall[] calls =
        [
            new() { Module = "first", Asked = "cpu:x", Asker = "cpu0", WantedNs = 0, StartNs = 0, TookNs = 50, Result = "0" },
            new() { Module = "library", Asked = "cpu:x", Asker = "cpu0", WantedNs = 50, StartNs = 51, TookNs = 5, Result = "0" },
            new() { Module = "beside", Asked = "cpu:x", Asker = "cpu0", WantedNs = 50, StartNs = 52, TookNs = 90, Result = "0" },
            new() { Module = "other", Asked = "pci:y", Asker = "pci0", WantedNs = 60, StartNs = 61, TookNs = 60, Result = "0" },
        ];
        Assert.Equal([("first", PathReason.Begins), ("beside", PathReason.Order)], CriticalPath.Of(calls).Select(step => (step.Call.Module, step.Reason)));
    }
}
