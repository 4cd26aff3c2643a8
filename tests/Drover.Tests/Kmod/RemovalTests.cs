namespace Drover.Tests.Kmod;

/// <summary>What <c>modprobe -r</c> removes, in which order, where that is not kmod's.</summary>
public sealed class RemovalTests : IClassFixture<ModprobeCorpusTests.Machine>
{
    /// <summary>Removes a module as the kernel does: only while no other uses it.</summary>
    const string Delete = "m=$MODPROBE_MODULE; rmdir sys/$m/holders || exit 7; echo $m >>log; rm -r sys/$m; "
        + "rm -rf sys/*/holders/$m; for x in sys/*; do ls $x/holders | wc -l >$x/refcnt; done";

    readonly ModprobeCorpusTests.Machine _machine;

    public RemovalTests(ModprobeCorpusTests.Machine machine) => _machine = machine;

    string Modprobe => string.Join(' ', _machine.Corpus.Modprobe("plain"));

    /// <summary>Softdeps may name what another holder uses. The plan is what a run does.</summary>
    [Theory]
    [InlineData("m1", "m1 m2 m3 m4", "")]
    [InlineData("m1", "m1 m2 m3 m4", "softdep m3 pre: m2")]
    [InlineData("m1", "m1 m2 m3 m4", "softdep m3 pre: m1")]
    [InlineData("m1", "m1 m2 m3 m4", "softdep m3 post: m2")]
    [InlineData("m1", "m1 m2 m3 m4", "softdep m3 pre: m2\nsoftdep m4 pre: m3\nsoftdep m2 post: m1")]
    [InlineData("m1", "m1 m2 m3 m4", "softdep m? pre: m1 m2 m3 m4 post: m1 m2 m3 m4")]
    [InlineData("m1", "m1 m2 m3 m4 m5", "softdep m3 pre: m5")]
    [InlineData("m1", "m1 m2 m3 m4", "softdep m3 post: m5")]
    [InlineData("m1", "m1 m2 m3 m4 m5 m8", "softdep m3 pre: m8\nsoftdep m8 pre: m5 m2")]
    [InlineData("m1", "m1 m2 m3 m4", "softdep m3 pre: m6\nsoftdep m4 post: m6")]
    [InlineData("m1 m2 m3", "m1 m2 m3 m4", "softdep m3 pre: m2")]
    [InlineData("m2 m6", "m1 m2 m3 m4 m6 m7", "softdep m4 pre: m1 m2")]
    [InlineData("-a m3 m5 m1", "m1 m2 m3 m4 m5", "softdep m4 pre: m1 m2")]
    [InlineData("m4", "m4", "softdep m4 pre: m6 m2")]
    public void A_module_is_removed_with_its_holders_whatever_softdeps_they_have(
        string operands, string removed, string softdeps)
    {
        string[] all = ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"];
        (string Used, string By)[] uses =
            [("m1", "m2"), ("m1", "m3"), ("m2", "m3"), ("m2", "m4"), ("m5", "m4"), ("m6", "m7")];
        using var machine = new Sandbox();
        foreach (var module in all)
        {
            string[] holders = [.. uses.Where(use => use.Used == module).Select(use => use.By)];
            machine.Add(module, references: holders.Length, holders: string.Join(' ', holders));
        }
        machine.Write("del", System.Text.Encoding.UTF8.GetBytes(Delete));
        machine.Write("c.conf", System.Text.Encoding.UTF8.GetBytes($"remove m? sh del\n{softdeps}\n"));
        var modprobe = $"modprobe -C c.conf -d $PWD -S 1 -r --remove-holders -v {operands}";
        var runs = machine.Run(
            "drover",
            [
                "mkdir -p lib/modules/1; for m in sys/*; do echo ${m#sys/}.ko:; done >lib/modules/1/modules.dep",
                $"{modprobe} -n; ls sys", modprobe, "cat log", "ls sys",
            ]);
        var order = runs[3].Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((0, ""), (runs[2].Exit, runs[2].Error));
        Assert.Equal(removed.Split(' '), order.Order());
        Assert.All(
            uses.Where(use => order.Contains(use.Used)),
            use => Assert.True(Array.IndexOf(order, use.By) < Array.IndexOf(order, use.Used)));
        Assert.Equal(string.Join('\n', all.Except(order)) + "\n", runs[4].Out);
        Assert.Equal(string.Join('\n', [.. runs[2].Out.TrimEnd('\n').Split('\n'), .. all]) + "\n", runs[1].Out);
    }

    /// <summary>Each command removes its own module and then the other's: what is gone by then is no loop.</summary>
    [Theory]
    [InlineData("a b", "remove a MODPROBE -i a && MODPROBE b\nremove b MODPROBE -i b && MODPROBE a")]
    [InlineData("a b c", "remove a MODPROBE b && MODPROBE -i a\nremove b MODPROBE -i b && MODPROBE c\n"
        + "remove c MODPROBE -i c && MODPROBE b")]
    [InlineData("a", "remove a MODPROBE -i a; MODPROBE a")]
    public void Remove_commands_that_lead_back_to_a_removed_module_are_no_loop(string removed, string lines)
    {
        lines = lines.Replace("MODPROBE -i", "own", StringComparison.Ordinal)
            .Replace("MODPROBE", "modprobe -C c.conf -d $PWD -S 1 -r", StringComparison.Ordinal);
        using var machine = new Sandbox().Add("a").Add("b").Add("c");
        machine.Write("c.conf", System.Text.Encoding.UTF8.GetBytes($"{lines}\n"));
        machine.Write("own", "#!/bin/sh\necho $1 >>log; exec rm -r sys/$1\n"u8.ToArray());
        var runs = machine.Run(
            "drover",
            [
                "chmod +x own; mkdir -p lib/modules/1; for m in a b c; do echo $m.ko:; done >lib/modules/1/modules.dep",
                "PATH=.:$PATH modprobe -C c.conf -d $PWD -S 1 -r --remove-holders a; echo $?; sort log",
                "rm log; mkdir -p sys/a sys/b sys/c; echo live | tee sys/a/initstate sys/b/initstate >sys/c/initstate; "
                + "PATH=.:$PATH modprobe -C c.conf -d $PWD -S 1 -r a; echo $?; sort log",
            ]);
        foreach (var run in runs[1..])
            Assert.Equal(($"0\n{removed.Replace(' ', '\n')}\n", ""), (run.Out, run.Error));
    }

    [Fact]
    public void A_command_is_printed_before_it_runs()
    {
        using var machine = new Sandbox().Add("a").Add("b");
        machine.Write("c.conf", "remove a echo ran 1; rm -r sys/a\ninstall b echo ran 2\n"u8.ToArray());
        machine.Write(
            "d.conf", "remove b modprobe -C c.conf -d $PWD -S 1 -rv a; rm -r sys/b\n"u8.ToArray());
        var runs = machine.Run(
            "drover",
            [
                "mkdir -p lib/modules/1; for m in a b; do echo $m.ko:; done >lib/modules/1/modules.dep",
                "modprobe -C d.conf -d $PWD -S 1 -rv b", "modprobe -C c.conf -d $PWD -S 1 -v b",
            ]);
        Assert.Equal(
            (0, """
            remove modprobe -C c.conf -d $PWD -S 1 -rv a; rm -r sys/b
            remove echo ran 1; rm -r sys/a
            ran 1

            """), (runs[1].Exit, runs[1].Out));
        // kmod's line is behind it where the output is no terminal
        Assert.Equal((0, "install echo ran 2 \nran 2\n"), (runs[2].Exit, runs[2].Out));
    }

    [Fact]
    public void A_holder_that_the_kernel_uses_stays_and_so_does_what_it_uses()
    {
        using var machine = new Sandbox().Add("m1", references: 1, holders: "m2")
            .Add("m2", references: 1, holders: "m3").Add("m3", references: 1);
        machine.Write("c.conf", "softdep m3 pre: m1\n"u8.ToArray());
        var modprobe = "modprobe -C c.conf -d $PWD -S 1 -r --remove-holders -v";
        foreach (var run in machine.Run(
            "drover", ["mkdir -p lib/modules/1; for m in 1 2 3; do echo m$m.ko:; done >lib/modules/1/modules.dep",
            $"{modprobe} m1", $"{modprobe} -n m1"])[1..])
        {
            Assert.Equal(
                (1, "", "modprobe: FATAL: Module m3 is in use.\n"), (run.Exit, run.Out, run.Error));
        }
    }

    /// <summary>kmod leaves the holders of holders, and so fails.</summary>
    [Fact]
    public void Holders_are_removed_with_their_holders()
    {
        using var machine = new Sandbox().Add("base", references: 2, holders: "mid packed")
            .Add("mid", references: 1, holders: "top").Add("top").Add("packed");
        var runs = machine.Run(
            "drover",
            [
                $"{Modprobe} -rnv --remove-holders base", $"{Modprobe} -rnv base",
                $"{Modprobe} -rnv --remove-holders mid", $"{Modprobe} -rnv top", $"{Modprobe} -rnv mid top mid",
            ]);
        // the corpus has a remove command for it
        const string Expected = "rmmod top\nrmmod mid\nrmmod packed\nremove true \n";
        Assert.Equal((0, Expected, ""), (runs[0].Exit, runs[0].Out, runs[0].Error));
        Assert.Equal((0, "remove true \n"), (runs[1].Exit, runs[1].Out));
        Assert.Equal((0, "rmmod top\nrmmod mid\n"), (runs[2].Exit, runs[2].Out));
        // what is unused then goes with it; kmod's plan has only the first line
        Assert.Equal((0, "rmmod top\nrmmod mid\n"), (runs[3].Exit, runs[3].Out));
        Assert.Equal((1, "", "modprobe: FATAL: Module mid is in use.\n"), (runs[4].Exit, runs[4].Out, runs[4].Error));
    }

    [Fact]
    public void What_went_with_its_holder_is_removed()
    {
        using var machine = new Sandbox().Add("mid", references: 1, holders: "top").Add("top").Add("soft");
        machine.Write("c.conf", "remove top rm -r sys/top sys/mid sys/soft\nsoftdep mid pre: soft\n"u8.ToArray());
        var run = machine.Run("drover", [$"{Modprobe} -C $PWD/c.conf -r --remove-holders --first-time mid"])[0];
        Assert.Equal((0, "", ""), (run.Exit, run.Out, run.Error));
    }
}
