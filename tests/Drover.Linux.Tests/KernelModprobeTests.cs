namespace Drover.Linux.Tests;

public sealed class KernelModprobeTests : IDisposable
{
    readonly TestDirectory _run = new();

    string Sysctl => _run["sysctl"];

    string Link => _run["drover/modprobe"];

    [Fact]
    public void The_kernel_is_given_a_link_named_modprobe_and_its_own_back_at_the_end()
    {
        _run.File("sysctl", "/sbin/modprobe\n");
        using (Take())
        {
            Assert.Equal(Link, File.ReadAllText(Sysctl));
            Assert.Equal("/usr/bin/drover", new FileInfo(Link).LinkTarget);
        }
        Assert.Equal("/sbin/modprobe", File.ReadAllText(Sysctl));
    }

    [Fact]
    public void After_a_SIGKILL_the_next_one_still_knows_what_was_set_at_first()
    {
        _run.File("sysctl", "/opt/modprobe");
        _ = Take();
        using (Take())
            Assert.Equal(Link, File.ReadAllText(Sysctl));
        Assert.Equal("/opt/modprobe", File.ReadAllText(Sysctl));
    }

    [Fact]
    public void What_somebody_else_sets_meanwhile_stays()
    {
        _run.File("sysctl", "/sbin/modprobe");
        using (Take())
            File.WriteAllText(Sysctl, "/opt/mine\n");
        Assert.Equal("/opt/mine\n", File.ReadAllText(Sysctl));
    }

    [Fact]
    public void A_kernel_that_is_to_load_nothing_by_itself_is_left_so()
    {
        _run.File("sysctl", "\n");
        Assert.Contains("empty", Assert.Throws<IOException>(Take).Message);
        Assert.Equal("\n", File.ReadAllText(Sysctl));
    }

    [Fact]
    public void Where_it_cannot_be_set_that_is_an_error() => Assert.Throws<FileNotFoundException>(Take);

    public void Dispose() => _run.Dispose();

    KernelModprobe Take() => KernelModprobe.Take("/usr/bin/drover", _run["drover"], Sysctl);
}
