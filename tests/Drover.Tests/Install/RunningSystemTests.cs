using Drover.CommandLine;
using Drover.Install;
using Drover.Linux.ProcFs;

namespace Drover.Tests.Install;

public sealed class RunningSystemTests
{
    const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    [Theory]
    [InlineData("echo new >$image.new; mv $image.new $image", true, "")]
    // as initramfs-tools where the kernel has no file in /boot
    [InlineData("exit 0", false, "was not rebuilt and lacks the change: run '{program} -c -k {release}'")]
    [InlineData("exit 3", false, "failed with exit status 3")]
    public void An_initramfs_that_was_not_rebuilt_is_a_failure(string script, bool isDone, string message)
    {
        using var root = TestRoot.WithSystemd();
        var release = Machine.KernelRelease();
        root.File($"/boot/initrd.img-{release}", "old");
        var program = root[RunningSystem.InitramfsTools];
        root.File(
            RunningSystem.InitramfsTools, $"#!/bin/sh\nimage={root.Path}/boot/initrd.img-{release}\n{script}\n",
            Executable);
        using var output = new StringWriter();
        using var error = new StringWriter();

        var done = new RunningSystem(new Terminal(output, error, isWatched: false), root.Path).RebuildInitramfs();

        Assert.Equal(isDone, done);
        message = message.Replace("{program}", program, StringComparison.Ordinal)
            .Replace("{release}", release, StringComparison.Ordinal);
        Assert.Contains(message, error.ToString(), StringComparison.Ordinal);
        Assert.Equal(isDone, error.ToString().Length == 0);
    }

    [Fact]
    public void Without_an_initramfs_of_this_kernel_nothing_is_missing()
    {
        using var root = TestRoot.WithSystemd();
        root.File(RunningSystem.InitramfsTools, "#!/bin/sh\n", Executable);
        Assert.True(new RunningSystem(
            new Terminal(TextWriter.Null, TextWriter.Null, isWatched: false), root.Path).RebuildInitramfs());
    }
}
