using Drover.Lab.Guest;
using Drover.Lab.Host;
using Drover.Lab.Policy;

namespace Drover.Lab.Tests.Policy;

public sealed class PolicyReportTests
{
    [Fact]
    public void Cases_are_a_table_of_requests_and_answers()
    {
        var report = Report("name|allowed|ok|\nname|sealed|ok|x: not loaded\nmount|allowed| fat is not live;|why: a|b\n"
            + "failure|vermagic|ok|it was built for kernel 9\n");
        Assert.False(report.IsGood);
        Assert.Equal(
            """
            | request | allowed | sealed |
            |---------|---------|--------|
            | name    | ok      | ok     |
            | mount   | WRONG   |        |

            | failure  |    | message                   |
            |----------|----|---------------------------|
            | vermagic | ok | it was built for kernel 9 |

            mount allowed: fat is not live; why: a|b
            4 cases, 3 OK

            """, report.ToString());
        Assert.True(Report("name|allowed|ok|\n").IsGood);
    }

    [Theory]
    [InlineData("", "the guest ran no case")]
    [InlineData("name|allowed\n", "the guest wrote a row that is none: name|allowed")]
    public void A_guest_without_results_is_an_error(string rows, string message) =>
        Assert.Equal(message, Assert.Throws<LabException>(() => Report(rows)).Message);

    static PolicyReport Report(string rows) => new(PolicyRow.ReadAll(
        new GuestResult(new Dictionary<string, string> { ["rows"] = rows }, TimeSpan.Zero)));
}
