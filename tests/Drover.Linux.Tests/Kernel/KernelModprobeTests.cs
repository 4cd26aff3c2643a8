using Drover.Linux.Kernel;

namespace Drover.Linux.Tests.Kernel;

public sealed class KernelModprobeTests : IDisposable
{
    readonly TestDirectory _run = new();

    string Sysctl => _run["sysctl"];

    string Link => _run["drover/modprobe"];

    [Fact]
    public void Take_sets_a_link_named_modprobe_and_dispose_restores_the_path()
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
    public void Take_after_a_SIGKILL_restores_the_original_path()
    {
        _run.File("sysctl", "/opt/modprobe");
        _ = Take();
        using (Take())
            Assert.Equal(Link, File.ReadAllText(Sysctl));
        Assert.Equal("/opt/modprobe", File.ReadAllText(Sysctl));
    }

    [Fact]
    public void Dispose_keeps_a_path_set_by_another_process()
    {
        _run.File("sysctl", "/sbin/modprobe");
        using (Take())
            File.WriteAllText(Sysctl, "/opt/mine\n");
        Assert.Equal("/opt/mine\n", File.ReadAllText(Sysctl));
    }

    [Fact]
    public void Take_keeps_an_empty_path()
    {
        _run.File("sysctl", "\n");
        Assert.Contains("empty", Assert.Throws<IOException>(Take).Message);
        Assert.Equal("\n", File.ReadAllText(Sysctl));
    }

    [Fact]
    public void Take_throws_when_the_path_cannot_be_set() => Assert.Throws<FileNotFoundException>(Take);

    public void Dispose() => _run.Dispose();

    KernelModprobe Take() => KernelModprobe.Take("/usr/bin/drover", _run["drover"], Sysctl);
}
