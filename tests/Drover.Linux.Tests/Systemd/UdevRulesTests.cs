using Drover.Linux.Systemd;

namespace Drover.Linux.Tests.Systemd;

public sealed class UdevRulesTests : IDisposable
{
    readonly TestDirectory _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void Rules_are_hidden_until_dispose()
    {
        var link = _run["udev/rules.d/80-drivers.rules"];
        using (UdevRules.Take(_run["udev/rules.d"], "/empty/80-drivers.rules"))
        {
            Assert.Equal("/empty/80-drivers.rules", new FileInfo(link).LinkTarget);
            // a daemon that was killed has left the link
            using var next = UdevRules.Take(_run["udev/rules.d"], "/other/80-drivers.rules");
            Assert.Equal("/other/80-drivers.rules", new FileInfo(link).LinkTarget);
        }
        Assert.Empty(Directory.GetFileSystemEntries(_run["udev/rules.d"]));
    }

    [Fact]
    public void A_link_that_cannot_be_made_is_an_error_of_input_and_output()
    {
        _run.File("udev", "no directory");
        Assert.ThrowsAny<IOException>(() => UdevRules.Take(_run["udev/rules.d"], "/empty/80-drivers.rules"));
    }
}
