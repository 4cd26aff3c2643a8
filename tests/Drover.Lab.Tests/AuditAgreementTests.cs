using Drover.Lab.Reading;
using Drover.Lab.Report;

namespace Drover.Lab.Tests;

public sealed class AuditAgreementTests
{
    const string Audit = """{"state": "settled", "boots": [{"calls": {"0": 34, "EEXIST": 116}}, {"calls": {"0": 34, "ENODEV": 4}}, {"calls": {"0": 1}}]}""";

    [Fact]
    public void The_first_boot_is_udevs_and_the_second_drovers() => Assert.Equal(new AuditRecord("settled", 150, 38), AuditRecord.Read(Audit));

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"state": "settled", "boots": []}""")]
    [InlineData("""{"state": "settled", "boots": [{"calls": {"0": "x"}}, {}]}""")]
    public void What_is_no_audit_is_told(string text) => Assert.Contains("audit.err", Assert.Throws<FormatException>(() => AuditRecord.Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void What_was_loaded_before_the_trace_counts_for_a_whole_boot()
    {
        var before = new AuditRecord("before-coldplug", 120, 31);
        Assert.Equal("before it predicted 31 calls, exactly; afterwards it predicted 35 calls, exactly", new AuditAgreement("drover", before, new("settled", 150, 35), 31, 4).ToString());
        Assert.Equal("before it predicted 120 calls, and 100 came (+20 %); afterwards it predicted 150 calls, and 104 came (+44 %)", new AuditAgreement("udev", before, new("settled", 150, 35), 100, 4).ToString());
        Assert.Equal("does not know loader list", new AuditAgreement("list", before, before, 100, 4).ToString());
    }
}
