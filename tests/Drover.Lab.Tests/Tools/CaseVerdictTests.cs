using Drover.Lab.Host;
using Drover.Lab.Tools;

namespace Drover.Lab.Tests.Tools;

public class CaseVerdictTests
{
    static readonly CaseResult s_case = new(
        "by_name", null, "+ modprobe dummy\n= 0\n", "", ["dummy 0 -"], [new CaseCall("finit_module", "dummy", "0")],
        new Dictionary<string, int>(), 0, 0, 1);

    [Fact]
    public void Equal_results_have_no_problem() => Assert.Empty(Problems(s_case));

    [Fact]
    public void A_saved_call_is_no_problem() => Assert.Empty(Problems(s_case with { Calls = [] }));

    [Fact]
    public void One_more_call_is_a_problem() => Assert.Equal(
        ["more load calls: dummy:0 / dummy:0 dummy:EEXIST"],
        Problems(s_case with { Calls = [.. s_case.Calls, new CaseCall("finit_module", "dummy", "EEXIST")] }));

    [Fact]
    public void The_first_line_that_differs_is_shown() => Assert.Equal(
        ["output differs, line 2\n    kmod   = 0\n    drover = 1"],
        Problems(s_case with { Output = "+ modprobe dummy\n= 1\n" }));

    [Fact]
    public void Other_users_of_a_module_are_a_problem() =>
        Assert.Single(Problems(s_case with { Modules = ["dummy 1 -"] }));

    [Fact]
    public void The_place_in_libkmods_source_and_the_tools_path_are_not_compared()
    {
        const string Kmod = """
            modprobe: ERROR: ../libkmod/libkmod-module.c:1047 command_do() Error running
            /lab/bin/modprobe: invalid option -- 'x'
            Usage: /lab/bin/lsmod
            """;
        const string Drover = """
            modprobe: ERROR: Error running
            modprobe: invalid option -- 'x'
            Usage: lsmod
            """;
        Assert.Empty(new CaseVerdict(s_case with { Error = Kmod }, s_case with { Error = Drover }).Problems);
    }

    [Fact]
    public void A_case_of_our_own_is_judged_without_kmod()
    {
        var kmod = s_case with { Name = "own_herd", Output = "other", Calls = [] };
        Assert.Empty(new CaseVerdict(kmod, s_case with { Name = "own_herd", Output = "most: 1\n" }).Problems);
        const string Output = "bad: process 7 ended with 1\nmost: 0\n";
        Assert.Equal(["process 7 ended with 1", "1 load calls where 0 are enough"],
            new CaseVerdict(kmod, s_case with { Name = "own_herd", Output = Output }).Problems);
    }

    [Fact]
    public void Lost_events_are_a_problem() =>
        Assert.Equal(["the trace lost events"], Problems(s_case with { LostEvents = 3 }));

    [Fact]
    public void Guests_with_different_cases_are_an_error() =>
        Assert.Throws<LabException>(() => CaseVerdict.Pair([s_case], []));

    static IReadOnlyList<string> Problems(CaseResult drover) => new CaseVerdict(s_case, drover).Problems;
}
