namespace Drover.Tests.Kmod;

/// <summary>modprobe, rmmod and insmod compared with kmod on a machine with modules, and options in the environment and
/// on the kernel's command line.</summary>
public sealed class SandboxTests : IClassFixture<ModprobeCorpusTests.Machine>
{
    readonly ModprobeCorpusTests.Machine _machine;

    public SandboxTests(ModprobeCorpusTests.Machine machine) => _machine = machine;

    string Modprobe => string.Join(' ', _machine.Corpus.Modprobe("plain"));

    [Fact]
    public void Modules_are_removed_by_name()
    {
        using var machine = new Sandbox().Add("idle").Add("used", references: 2)
            .Add("held", references: 1, holders: "idle used").Add("coming", "coming").Add("going", "going")
            .Add("stuck", references: null).Add("no_holders", holders: null)
                .Add("built", state: null, references: null, holders: null);
        machine.ShouldBeAlike(
            "rmmod idle", "rmmod used", "rmmod held", "rmmod coming", "rmmod going", "rmmod stuck", "rmmod no_holders",
                "rmmod built", "rmmod absent",
            "rmmod -f used", "rmmod -f held", "rmmod -f absent", "rmmod -fv stuck", "rmmod idle absent used",
                "rmmod no-holders", "rmmod /no/where/idle.ko",
            "touch idle.ko; rmmod idle.ko", "touch used.ko.xz; rmmod ./used.ko.xz",
                "rmmod --wait idle", "rmmod idle.ko.gz");
    }

    [Fact]
    public void Modules_are_removed_with_dependencies_and_softdeps()
    {
        using var machine = new Sandbox().Add("base", references: 2, holders: "mid packed")
            .Add("mid", references: 1, holders: "top").Add("top").Add("tail", "coming").Add("packed", references: 3)
            .Add("soft").Add("loner", references: null)
            .Add("dup", references: 0, holders: null);
        machine.ShouldBeAlike(
            [.. from options in new[] { "-r", "-rv", "-rnv", "-ri", "-r --remove-holders -nv", "-rf" }
                from name in new[] { "top", "base", "tail", "soft" }
                where name is not ("base" or "soft") || !options.Contains("holders", StringComparison.Ordinal)
                where name != "top" || !options.Contains('n', StringComparison.Ordinal) // RemovalTests
                select $"{Modprobe} {options} {name}",
                $"{Modprobe} -rnv mid packed loner dup", $"{Modprobe} -rav top absent mid",
                    $"{Modprobe} -r --first-time absent", $"{Modprobe} -r --wait 20 base", $"{Modprobe} -r cfg-two",
                    $"{Modprobe} -rD base"]);
    }

    /// <summary>kmod takes the directory by the name that the shell has for it.</summary>
    [Fact]
    public void Paths_begin_with_the_link_that_leads_to_the_working_directory()
    {
        using var machine = new Sandbox();
        machine.Write("m.ko", new TestModule().ToBytes());
        machine.ShouldBeAlike(
            "mkdir -p real/r/lib/modules/6.1; cp m.ko real; cp m.ko real/r/lib/modules/6.1; ln -sfn real link",
            "cd link; depmod -C /dev/null -b r 6.1", "cd link; modprobe -C /dev/null -d r -S 6.1 -D m nosuch",
            "cd link; modprobe -C /dev/null -d r -S 6.1 -D nosuch", "cd link; depmod -C /dev/null -b r 6.2",
            "cd link; modinfo -b r -k 6.1 -n m",
            "cd link; PWD=/nowhere modprobe -C /dev/null -d r -S 6.1 -D m");
        // newer kmod's
        Assert.Equal(
            "insmod link/./m.ko \n",
            machine.Run("drover", ["cd link; modprobe -C /dev/null -d r -S 6.1 -D ./m.ko"])[0].Out);
    }

    /// <summary>A user without rights, or a disk with errors; root without its capabilities stands for them.</summary>
    [Fact]
    public void Configuration_that_cannot_be_read_is_told_of_and_ends_nothing()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/setpriv"), "setpriv is missing: apt-get install util-linux");
        const string Powerless = "setpriv --bounding-set=-dac_override,-dac_read_search ";
        using var machine = new Sandbox();
        machine.Write("m.ko", new TestModule { Info = ["alias=net-pf-99"] }.ToBytes());
        string[] options = ["-c", "-q -c", "-D m", "-q -D m", "-R net-pf-99", "-R al", "-D nosuch"];
        machine.ShouldBeAlike(
            [
                "mkdir -p r/lib/modules/6.1 closed files/d.conf; cp m.ko r/lib/modules/6.1;"
                    + " echo alias al m >files/b.conf; echo alias al m >closed/b.conf; chmod 0 closed;"
                    + " depmod -C /dev/null -b r 6.1",
                .. from place in (string[])["closed", "files", "closed -C files"]
                   from option in options
                   select $"{Powerless}modprobe -C {place} -d r -S 6.1 {option}",
            ]);
        // a message of newer kmod's
        Assert.Equal(
            "libkmod: ERROR: conf_files_filter_out: Cannot stat directory entry: lost/a.conf\n",
            machine.Run("drover", ["mkdir lost; ln -s nowhere lost/a.conf; modprobe -q -C lost -d r -S 6.1 -D m"])[0]
                .Error);
        var runs = machine.Run("drover",
            [
                "mkdir -p o/etc/modules-load.d o/usr/lib/modules-load.d; echo m >o/usr/lib/modules-load.d/m.conf; "
                    + "cp -r r/lib o; chmod 0 o/etc/modules-load.d; "
                    + $"{Powerless}drover modules-load -n --root o --release 6.1",
            ]);
        Assert.Equal(
            (1, "drover: o/etc/modules-load.d: Permission denied\n"), (runs[0].Exit, runs[0].Error));
        Assert.Contains("m  ", runs[0].Out, StringComparison.Ordinal);
    }

    const string Becomes = "() { echo $1 >>log; mkdir -p sys/$1; echo live >sys/$1/initstate; }; ";

    /// <summary>A command that asks for what it is run for: what is live by then is no loop. A status that the command
    /// does not pass on must not hide that the module is missing.</summary>
    [Theory]
    [InlineData("; MODPROBE a || exit 9")]
    [InlineData(" && { MODPROBE --quiet a; }")]
    [InlineData(" && { MODPROBE --quiet a; }; :")]
    public void A_command_may_request_what_depends_on_its_live_module(string then)
    {
        using var machine = new Sandbox();
        machine.Write("a.ko", new TestModule { Needs = ["s"] }.ToBytes());
        machine.Write("b.ko", new TestModule { Exports = ["s"] }.ToBytes());
        var prepare = "rm -rf r log sys/*; mkdir -p r/lib/modules/1.0; cp a.ko b.ko r/lib/modules/1.0; "
            + "depmod -C /dev/null -b r 1.0; "
            + "sed \"s,MODPROBE,modprobe -C $PWD/c.conf -d $PWD/r -S 1.0,\" in.conf >c.conf";
        machine.Write("in.conf", System.Text.Encoding.UTF8.GetBytes(
            $"install b live{Becomes}live b{then}\ninstall a live{Becomes}live a\n"));
        machine.ShouldBeAlike(
            prepare, "modprobe -C c.conf -d r -S 1.0 a; echo $?; cat log; cat sys/*/initstate",
            prepare, "modprobe -C c.conf -d r -S 1.0 b; echo $?; cat log; cat sys/*/initstate");
    }

    [Theory]
    [InlineData("install a MODPROBE b\ninstall b MODPROBE a", "modprobe -C c.conf -d r -S 1 a", "a → b → a")]
    [InlineData("install a MODPROBE a", "modprobe -C c.conf -d r -S 1 a", "a → a")]
    [InlineData("remove a MODPROBE -r a", "modprobe -C c.conf -d r -S 1 -r a", "leads back to a")]
    public void Commands_that_lead_back_to_themselves_end(string lines, string command, string message)
    {
        using var machine = new Sandbox().Add("a");
        machine.Write("a.ko", new TestModule().ToBytes());
        machine.Write("b.ko", new TestModule().ToBytes());
        machine.Write("in.conf", System.Text.Encoding.UTF8.GetBytes($"{lines}\n"));
        var isRemove = command.Contains(" -r ", StringComparison.Ordinal);
        var run = machine.Run(
            "drover",
            [
                $"rm -rf r {(isRemove ? "" : "sys/*")}; mkdir -p r/lib/modules/1 r/etc/modprobe.d; "
                + "cp a.ko b.ko r/lib/modules/1; depmod -C /dev/null -b r 1 2>/dev/null; "
                + "sed \"s,MODPROBE,modprobe -C $PWD/c.conf -d $PWD/r -S 1,\" in.conf >c.conf; "
                + "cp c.conf r/etc/modprobe.d",
                command,
            ])[1];
        Assert.Equal(1, run.Exit);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("quiet ivrs_acpihid[14:00.5]=00:1 x.a=1 b]ad.c=2 ok[a].b=1 q\"uo.te=1 a.b.c=1 e.=1 .f=1")]
    [InlineData("video=a.b[c=1 [x].y=2 [x.y=2")]
    public void Command_line_is_reported_where_it_has_no_parameter(string commandLine)
    {
        using var machine = new Sandbox { CommandLine = commandLine };
        machine.ShouldBeAlike(
            "modprobe -C /dev/null -d $PWD -S 1 -c", "modprobe -q -C /dev/null -d $PWD -S 1 -R nothing");
    }

    [Fact]
    public void Live_modules_are_not_inserted_again()
    {
        using var machine = new Sandbox().Add("base", references: 1, holders: "mid").Add("mid").Add("tail", "going")
            .Add("built", null, null, null).Add("loner", "coming");
        machine.ShouldBeAlike(
            [.. new[] { "base", "--first-time base", "-v mid", "-v top", "-nv top", "-D top", "--first-time -v top",
                "-a base mid", "--first-time cfg-two", "-nv cfg-alias", "-b soft", "-nv built" }.Select(words =>
                $"{Modprobe} {words}")]);
    }

    [Fact]
    public void Options_come_from_the_environment_first()
    {
        using var machine = new Sandbox().Add("base");
        machine.ShouldBeAlike(
            [.. new[] { "-D", "-D -q", "\"-D\"", "'-C' none -D", "-C '/no where' -D", "  -D", "-D ", "-n -v",
                "-Dq 'top' x", "--nonsense", "'unclosed", "-D \"a\"b" }
                .Select(options => $"export MODPROBE_OPTIONS={Quote(options)}; {Modprobe} mid")]);
    }

    [Theory]
    [InlineData("quiet mid.a=1 mid.b base.c=\"d e\" root=/dev/x")]
    [InlineData("mid.a=\"b c\" \"mid.d=e f\" mid.g='h i' mid.j=\"k\"l mid.m=\"\"")]
    [InlineData("modprobe.blacklist=mid,top,dash_name modprobe.blacklist=loner")]
    [InlineData("modprobe.blacklist=mid modprobe.blacklist modprobe.other=1")]
    [InlineData("mid.a.b=1 mid.c=1.2 .d=2 mid.=3 mid. mid .=4 m-d.e=5 dash-name.f=6 dash_name.g=7")]
    [InlineData("mid.a=unclosed\" base.b=1")]
    [InlineData("  mid.a=1\tmid.b=2   ")]
    [InlineData("x=mid.a=1 mid.b==c mid.=d=e \"x y\".z=1 mid.f=g\"h\"i")]
    [InlineData("\"quiet mid.a=1\" mid.b=2 -- mid.c=3 init.x")]
    [InlineData("")]
    public void Kernel_command_line_is_part_of_the_configuration(string commandLine)
    {
        using var machine = new Sandbox { CommandLine = commandLine };
        machine.ShouldBeAlike($"{Modprobe} -c", $"{Modprobe} -D tail x=1",
            $"{Modprobe} -aD dash-name cfg-alias fs-foo");
    }

    [Fact]
    public void Messages_go_to_syslog()
    {
        using var machine = new Sandbox().Add("used", references: 1);
        foreach (var line in new[] { $"{Modprobe} -s nothing", $"{Modprobe} -sa nothing ghost",
            $"{Modprobe} -sq nothing", $"{Modprobe} -s -r built", "rmmod -s used", "rmmod -s absent" })
        {
            Assert.Equal(machine.Logged("kmod", line).Select(WithoutTime), machine.Logged("drover", line)
                .Select(WithoutTime));
        }
    }

    static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>As <c>&lt;30&gt;Jan  1 00:00:00 text</c>.</summary>
    static string WithoutTime(string message) => message.IndexOf('>', StringComparison.Ordinal) is var end
        && message.Length > end + 17 ? message[..(end + 1)] + message[(end + 17)..] : message;
}
