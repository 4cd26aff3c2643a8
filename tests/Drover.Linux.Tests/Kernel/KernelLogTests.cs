using System.Text;
using Drover.Linux.Kernel;

namespace Drover.Linux.Tests.Kernel;

public sealed class KernelLogTests
{
    const long Began = 5_000_000;

    [Theory]
    [InlineData("nic_x: version magic 'a' should be 'b'")]
    [InlineData("nic-x 0000:00:19.0: probe failed")]
    [InlineData("Module nic_x is blacklisted")]
    [InlineData("module nic_x: bad section")]
    [InlineData("Loading of unsigned module is rejected")]
    [InlineData("Lockdown: modprobe: unsigned module loading is restricted")]
    [InlineData("LoadPin: kernel-module denied")]
    [InlineData("audit: type=1800 audit(1.2:3): op=appraise_data cause=IMA-signature-required name=\"/lab/a.ko\"")]
    [InlineData("PKCS#7 signature not signed with a trusted key")]
    [InlineData("eth 0000:00:19.0: Direct firmware load for nic/fw.bin failed with error -2")]
    public void Lines_about_the_module_are_taken(string text) => Assert.Equal([text], Lines($"3,1,5000010,-;{text}\n"));

    [Theory]
    [InlineData("3,1,5000010,-;nic_xy: hello\n")]
    [InlineData("3,1,5000010,-;my_nic_x: hello\n")]
    [InlineData("3,1,5000010,-;loop: module loaded\n")]
    [InlineData("3,1,3000000,-;nic_x: an hour ago\n")]
    [InlineData("nic_x: no head\n")]
    [InlineData("3,1;nic_x: short head\n")]
    [InlineData("3,1,x,-;nic_x: no time\n")]
    [InlineData("")]
    public void Other_lines_and_other_forms_are_not(string record) => Assert.Empty(Lines(record));

    [Fact]
    public void Clock_of_the_log_may_be_behind_and_properties_are_left_out() => Assert.Equal(
        ["nic_x: a"], Lines("3,1,4999000,-;nic_x: a\n SUBSYSTEM=pci\n DEVICE=+pci:0000:00:19.0\n"));

    [Fact]
    public void Last_lines_are_kept() => Assert.Equal(
        ["nic_x: 4", "nic_x: 5", "nic_x: 6", "nic_x: 7", "nic_x: 8", "nic_x: 9"],
        Lines([.. Enumerable.Range(0, 10).Select(i => $"3,{i},5000010,-;nic_x: {i}\n")]));

    static List<string> Lines(params string[] records)
    {
        var lines = new List<string>();
        foreach (var record in records)
            KernelLog.Add(Encoding.UTF8.GetBytes(record), "nic_x", Began, lines);
        return lines;
    }
}
