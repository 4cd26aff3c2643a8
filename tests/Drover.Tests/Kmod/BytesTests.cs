using Drover.Modules.Tests;
using Drover.Text;

namespace Drover.Tests.Kmod;

/// <summary>Names, parameters, paths, configuration, environment and the kernel's command line are bytes: the very
/// bytes come out, as with kmod.</summary>
public sealed class BytesTests
{
    const string Configuration =
        @"options x label=\xc4rger\noptions y label=\xc3\x84rger\nalias al\xe9 x\nalias al? y\nblacklist b\xe9\n"
        + @"install inst\xe9 echo \xe9\nsoftdep s\xe9 pre: q\xe9\nbad\xe9 line\n";

    /// <summary>A root whose name is no UTF-8, with two modules.</summary>
    const string Root = @"rm -rf r* etc; M=$'r\xe9/lib/modules/1.0-test'; mkdir -p $M/kernel/$'caf\xe9' "
        + @"$M/kernel/$'caf\xc3\xa9' etc/$'d\xe9.conf'; "
        + @"cp x.ko $M/kernel/$'caf\xe9'; cp y.ko $M/kernel/$'caf\xc3\xa9'; "
        + @"touch $M/modules.{order,builtin,builtin.modinfo}; "
        + @"printf '" + Configuration + @"' >etc/$'b\xe9.conf'; printf 'options x two=\xff\n' >etc/$'b\xc3\xa9.conf'; "
        + @"depmod -C /dev/null -b $'r\xe9' 1.0-test";

    /// <summary>kmod 30 has no modules.weakdep.</summary>
    const string WithoutWeak = @" | grep -av '^# Weak'";

    const string Modprobe = @"modprobe -C etc -d $'r\xe9' -S 1.0-test ";

    [Fact]
    public void Bytes_of_files_and_arguments_pass_unchanged()
    {
        using var machine = new Sandbox();
        machine.Write("x.ko", new TestModule { Exports = ["x_export"], Info = ["alias=pci:x*"] }.ToBytes());
        machine.Write("y.ko", new TestModule { Needs = ["x_export"] }.ToBytes());
        machine.ShouldBeAlike(
            Root,
            @"cat $'r\xe9'/lib/modules/*/modules.{dep,alias,symbols}",
            @"cat $'r\xe9'/lib/modules/*/modules.{dep,alias,symbols}.bin | wc -c",
            Modprobe + "-D x",
            Modprobe + "-D y",
            Modprobe + @"-R $'al\xe9'",
            Modprobe + @"-R $'al\xc3\xa9'",
            Modprobe + @"-n -v x $'p=\xe9 b' $'q=\xc3\xa9'",
            Modprobe + @"-D $'nosuch\xe9'",
            Modprobe + @"-D $'inst\xe9'",
            Modprobe + "-c",
            @"modprobe -C $'etc/b\xe9.conf' -d $'r\xe9' -S 1.0-test -D x",
            @"modprobe -C $'etc/no\xe9.conf' -d $'r\xe9' -S 1.0-test -D x",
            @"modprobe -C /dev/null -d $'r\xe9' -S $'1.0-\xe9' -D x",
            @"MODPROBE_OPTIONS=$'-C etc -d r\xe9 -S 1.0-test -D' modprobe x",
            @"cd $'r\xe9'; modprobe -C /dev/null -d . -S 1.0-test -D x",
            @"modprobe --dump-modversions $'no\xe9.ko'",
            @"modprobe --show-modversions $'r\xe9/lib/modules/1.0-test/kernel/caf\xe9/x.ko'",
            @"modprobe -$'\xe9'",
            @"modprobe --foo$'\xe9'",
            @"modinfo $'r\xe9/lib/modules/1.0-test/kernel/caf\xe9/x.ko'",
            @"modinfo -b $'r\xe9' -k 1.0-test x pci:xyz",
            @"modinfo -F $'li\xe9' x.ko",
            @"modinfo $'no\xe9' $'no\xe9.ko'",
            @"insmod $'no\xe9.ko'",
            @"rmmod $'no\xe9'",
            @"depmod -n -C /dev/null -b $'r\xe9' 1.0-test" + WithoutWeak,
            @"cd $'r\xe9'; depmod -n -C /dev/null -b . 1.0-test" + WithoutWeak,
            @"depmod -n -C $'etc/b\xe9.conf' -b $'r\xe9' 1.0-test" + WithoutWeak,
            @"depmod -n -e -F $'no\xe9' -b $'r\xe9' 1.0-test" + WithoutWeak,
            @"depmod -b $'r\xe9' $'1.0-\xe9'");
    }

    [Fact]
    public void Bytes_of_the_kernels_command_line_pass_unchanged()
    {
        using var machine = new Sandbox { CommandLine = "quiet x.label=\udcc4rger x.name=\"Ä r\" y.o\udcff=1" };
        machine.Write("x.ko", new TestModule().ToBytes());
        machine.Write("y.ko", new TestModule().ToBytes());
        machine.ShouldBeAlike(Root, "rm -r etc/*; mkdir -p etc", Modprobe + "-D x", Modprobe + "-D y", Modprobe + "-c");
    }

    [Fact]
    public void A_command_has_the_bytes_of_options_and_environment()
    {
        using var machine = new Sandbox();
        machine.Write("x.ko", new TestModule().ToBytes());
        machine.Write("y.ko", new TestModule().ToBytes());
        machine.ShouldBeAlike(
            Root, @"printf 'install c echo \xe8 $V $CMDLINE_OPTS $MODPROBE_OPTIONS\noptions c o=\xe9\n' >etc/c.conf",
            @"export V=$'\xea'; " + Modprobe + @"-C $'no\xeb.conf' c p=$'\xec'");
    }

    [Theory]
    [InlineData("resolve", "--root", "r@", "--release", "1.0-test", "x")]
    [InlineData("load", "--dry-run", "--root", "r@", "--release", "1.0-test", "x")]
    [InlineData("scenario", "--from", "s@.json", "--output", "o@.json")]
    [InlineData("report", "w@.jsonl")]
    public void Drovers_verbs_take_names_of_any_bytes(params string[] args)
    {
        using var root = new ModuleRoot();
        root.Write("kernel/x.ko", new TestModule());
        root.Index();
        var place = root.Path;
        using var recordable = new RecordableRoot("drover-bytes-");
        var made = CommandLineRun.Run("scenario", "-r", recordable.Path, "--sys", CommandLineRun.Sys,
            "--memory", "1G", "--output", $"{place}/s.json");
        Assert.True(made.Exit == 0, made.Error);
        Shell($"cd {place}; ln -s . $'r\\xe9'; mv s.json $'s\\xe9.json'; touch $'w\\xe9.jsonl'");
        var words = args.Select(word => word.Contains('@', StringComparison.Ordinal)
            ? $"{place}/{word.Replace('@', '\udce9')}" : word);
        var run = CommandLineRun.Run([.. words]);
        if (args[0] == "report")
            Assert.StartsWith($"drover: {place}/w\udce9.jsonl: ", run.Error, StringComparison.Ordinal);
        else
            Assert.True(run.Exit == 0, run.ToString());
        if (args[0] == "scenario")
            Shell($"test -s {place}/$'o\\xe9.json'");
    }

    static void Shell(string script) =>
        Assert.True(Tool.Try("bash", ["-c", script]) is { Succeeded: true }, ByteText.Shown(script));
}
