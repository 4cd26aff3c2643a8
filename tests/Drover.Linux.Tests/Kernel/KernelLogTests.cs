using System.Text;
using Drover.Linux.Kernel;

namespace Drover.Linux.Tests.Kernel;

public sealed class KernelLogTests
{
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
    [InlineData("3,1,5000010,-;\n")]
    [InlineData("")]
    public void Other_lines_are_not(string record) => Assert.Empty(Lines(record));

    [Fact]
    public void Properties_are_left_out() => Assert.Equal(
        ["nic_x: a"], Lines("3,1,4999000,-;nic_x: a\n SUBSYSTEM=pci\n DEVICE=+pci:0000:00:19.0\n"));

    /// <summary>The file may have another name than the module in it.</summary>
    [Fact]
    public void Both_names_of_a_module_count() => Assert.Equal(
        ["nic_x: a", "nic: b"], Lines("3,1,5,-;nic_x: a\n", "3,2,5,-;nic: b\n", "3,3,5,-;nick: c\n"));

    [Fact]
    public void Log_is_read_from_its_end_on()
    {
        Assert.SkipUnless(Environment.UserName == "root" && File.Exists("/dev/kmsg"), "only root may write to the log");
        var mark = $"drover-test-{Guid.NewGuid():N}";
        Write($"{mark}: before");
        var log = KernelLog.OpenAtEnd();
        Write($"{mark}: after");
        var lines = log.Read();
        log.Close();
        Assert.Equal([$"{mark}: after"], lines.Where(line => line.StartsWith(mark, StringComparison.Ordinal)));

        static void Write(string line)
        {
            using var kmsg = new FileStream("/dev/kmsg", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
            kmsg.Write(Encoding.UTF8.GetBytes($"{line}\n")); // without it, the kernel waits for the rest
        }
    }

    [Fact]
    public void Last_lines_are_kept() => Assert.Equal(
        Enumerable.Range(36, 64).Select(i => $"nic_x: {i}"),
        Lines([.. Enumerable.Range(0, 100).Select(i => $"3,{i},5000010,-;nic_x: {i}\n")]));

    static List<string> Lines(params string[] records)
    {
        var lines = new List<string>();
        foreach (var record in records)
            KernelLog.Add(Encoding.UTF8.GetBytes(record), lines);
        return KernelLog.About(lines, "nic_x", "nic");
    }
}
