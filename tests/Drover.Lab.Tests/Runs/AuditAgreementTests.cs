using Drover.Lab.Reading;
using Drover.Lab.Runs;

namespace Drover.Lab.Tests.Runs;

public sealed class AuditAgreementTests
{
    const string Audit = """
        {
          "state": "settled",
          "boots": [{"calls": {"0": 34, "EEXIST": 116}}, {"calls": {"0": 34, "ENODEV": 4}}, {"calls": {"0": 1}}]
        }
        """;

    [Fact]
    public void The_first_boot_is_udevs_and_the_second_drovers() =>
        Assert.Equal(new AuditRecord("settled", 150, 38), AuditRecord.Read(Audit));

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"state": "settled", "boots": []}""")]
    [InlineData("""{"state": "settled", "boots": [{"calls": {"0": "x"}}, {}]}""")]
    public void Text_that_is_no_audit_is_an_error(string text) => Assert.Contains(
        "audit.err", Assert.Throws<FormatException>(() => AuditRecord.Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Modules_loaded_before_the_trace_count_for_a_whole_boot()
    {
        var (before, after) = (new AuditRecord("before-coldplug", 120, 31), new AuditRecord("settled", 150, 35));
        Assert.Equal("before it predicted 31 calls, exactly; afterwards it predicted 35 calls, exactly",
            new AuditAgreement("drover", before, after, 31, 4).ToString());
        Assert.Equal("before it predicted 120 calls, and 100 came (+20 %); "
            + "afterwards it predicted 150 calls, and 104 came (+44 %)",
            new AuditAgreement("udev", before, after, 100, 4).ToString());
        Assert.Equal("does not know loader list", new AuditAgreement("list", before, before, 100, 4).ToString());
    }
}
