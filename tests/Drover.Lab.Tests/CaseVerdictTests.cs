using Drover.Lab.Tools;

namespace Drover.Lab.Tests;

/// <summary>What lab/tools calls wrong.</summary>
public class CaseVerdictTests
{
    static readonly CaseResult s_case = new("by_name", null, "+ modprobe dummy\n= 0\n", "", ["dummy 0 -"], [new CaseCall("finit_module", "dummy", "0")], new Dictionary<string, int>(), 0, 0, 1);

    [Fact]
    public void What_is_alike_is_equal() => Assert.Empty(new CaseVerdict(s_case, s_case).Problems);

    [Fact]
    public void A_call_that_is_saved_is_no_difference() => Assert.Empty(new CaseVerdict(s_case, s_case with { Calls = [] }).Problems);

    [Fact]
    public void One_more_call_is_wrong() =>
        Assert.Equal(["more load calls: dummy:0 / dummy:0 dummy:EEXIST"], new CaseVerdict(s_case, s_case with { Calls = [.. s_case.Calls, new CaseCall("finit_module", "dummy", "EEXIST")] }).Problems);

    [Fact]
    public void The_first_line_that_differs_is_shown() =>
        Assert.Equal(["output differs, line 2\n    kmod   = 0\n    drover = 1"], new CaseVerdict(s_case, s_case with { Output = "+ modprobe dummy\n= 1\n" }).Problems);

    [Fact]
    public void Other_users_of_a_module_are_wrong() => Assert.Single(new CaseVerdict(s_case, s_case with { Modules = ["dummy 1 -"] }).Problems);

    [Fact]
    public void The_place_in_libkmods_source_and_the_tools_path_are_not_compared() => Assert.Empty(new CaseVerdict(
        s_case with { Error = "modprobe: ERROR: ../libkmod/libkmod-module.c:1047 command_do() Error running\n/lab/bin/modprobe: invalid option -- 'x'\nUsage: /lab/bin/lsmod\n" },
        s_case with { Error = "modprobe: ERROR: Error running\nmodprobe: invalid option -- 'x'\nUsage: lsmod\n" }).Problems);

    [Fact]
    public void A_promise_of_our_own_is_kept_whatever_kmod_does()
    {
        var kmod = s_case with { Name = "own_herd", Output = "other", Calls = [] };
        Assert.Empty(new CaseVerdict(kmod, s_case with { Name = "own_herd", Output = "most: 1\n" }).Problems);
        Assert.Equal(["process 7 ended with 1", "1 load calls where 0 are enough"], new CaseVerdict(kmod, s_case with { Name = "own_herd", Output = "bad: process 7 ended with 1\nmost: 0\n" }).Problems);
    }

    [Fact]
    public void Lost_events_are_wrong() => Assert.Equal(["the trace lost events"], new CaseVerdict(s_case, s_case with { LostEvents = 3 }).Problems);

    [Fact]
    public void Guests_that_went_through_different_cases_are_an_error_of_the_lab() =>
        Assert.Throws<LabException>(() => CaseVerdict.Pair([s_case], []));
}
