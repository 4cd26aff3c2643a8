namespace Drover.Tests.Verbs;

public class ResolveTests
{
    const string NetworkCard = "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00";

    [Fact]
    public void Names_come_one_a_line_as_modprobe_prints_them()
    {
        var run = CommandLine.Run("resolve", "--root", CommandLine.Root, NetworkCard, "fs-btrfs");
        Assert.Equal(new CommandLine(0, "t_e1000e\nt_btrfs\n", ""), run);
    }

    [Fact]
    public void Verbose_tells_the_source_of_each_answer() =>
        CommandLine.Run("resolve", "-v", "-r", CommandLine.Root, "my-network", "t-ptp", "symbol:pps_event", NetworkCard, "t_ext4", "fs-ext4").ShouldBe("resolve-verbose.txt");

    [Fact]
    public void Json_holds_every_answer_and_none() =>
        CommandLine.Run("resolve", "--json", "-r", CommandLine.Root, NetworkCard, "nobody").ShouldBe("resolve-json.txt");

    [Fact]
    public void What_nobody_knows_is_a_failure_and_the_others_are_answered() =>
        CommandLine.Run("resolve", "-r", CommandLine.Root, "nobody", NetworkCard).ShouldBe("resolve-unknown.txt");

    [Fact]
    public void A_release_that_is_not_there_is_told_with_those_that_are()
    {
        var run = CommandLine.Run("resolve", "--release", "9.9", "-r", CommandLine.Root, "ptp");
        Assert.Equal(new CommandLine(1, "", "drover: there is no module directory FIXTURES/root/lib/modules/9.9: choose one of those there are with --release: 6.1.0-test\n"), run);
    }

    [Fact]
    public void A_root_without_modules_is_told_with_what_to_do()
    {
        var run = CommandLine.Run("resolve", "-k", "6.1.0-test", "-r", CommandLine.Sys, "ptp");
        Assert.Equal(
            new CommandLine(1, "", "drover: there is no module directory FIXTURES/sys/lib/modules/6.1.0-test: install the kernel's modules package, or name a root that has one with --root\n"), run);
    }
}
