using System.Text;
using Drover.Linux.ProcFs;
using Drover.Modules.Tests;

namespace Drover.Tests.Kmod;

/// <summary>Module trees with damaged indexes, without files that they name, and below the other of lib/modules and
/// usr/lib/modules; and what is no regular file.</summary>
public sealed class DamagedTreeTests : IDisposable
{
    static readonly string s_program = $"{AppContext.BaseDirectory}drover";

    readonly ModuleRoot _root = new ModuleRoot().Write("kernel/core.ko", new TestModule { Exports = ["s"] })
        .Write("kernel/top.ko", new TestModule { Needs = ["s"], Info = ["alias=net-pf-99"] })
        .Write("modules.builtin", "kernel/built.ko\n").Write("modules.order", "")
        .Write("modules.builtin.modinfo", "built.alias=net-pf-98\0").Write("/c.conf", "weakdep top core").Index();

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData("modules.alias.bin")]
    [InlineData("modules.dep.bin")]
    [InlineData("modules.symbols.bin")]
    [InlineData("modules.builtin.bin")]
    [InlineData("modules.builtin.alias.bin")]
    public void A_damaged_index_ends_no_look_up(string index)
    {
        string[] lookUps = ["-R built", "-n built", "-D top", "-R net-pf-99", "-R net-pf-98", "-R symbol:s"];
        var whole = lookUps.Select(Modprobe).ToArray();
        Assert.All(whole, run => Assert.Equal((0, ""), (run.Exit, run.Error)));
        foreach (var damage in (byte[][])[Cut(index), new byte[200], []])
        {
            _root.Write(index, damage);
            for (var i = 0; i < lookUps.Length; i++)
            {
                var run = Modprobe(lookUps[i]);
                Assert.Equal((whole[i].Exit, whole[i].Out), (run.Exit, run.Out));
                Assert.InRange(run.Error.Split('\n').Length, 1, 2); // one warning at most
                if (run.Error.Length > 0)
                    Assert.Matches($"modprobe: WARNING: .*{index}: .* \\(run depmod\\)", run.Error);
                Assert.Equal("", Modprobe("-q " + lookUps[i]).Error);
            }
            Assert.Equal(0, CommandLineRun.Run("resolve", "--root", _root.Path, "--release", ModuleRoot.Release,
                "built", "top", "net-pf-99").Exit);
        }
    }

    [Fact]
    public void Without_its_text_a_damaged_index_answers_no_name_of_its_own()
    {
        foreach (var index in (string[])["modules.dep", "modules.alias", "modules.symbols"])
        {
            File.Delete($"{_root.Directory}/{index}");
            _root.Write($"{index}.bin", new byte[100]);
        }
        Assert.Equal((0, "built\n"), (Modprobe("-R built").Exit, Modprobe("-R built").Out));
        Assert.Equal((0, "built\n"), (Modprobe("-R net-pf-98").Exit, Modprobe("-R net-pf-98").Out));
        Assert.Equal(0, Modprobe("-c").Exit);
        Assert.Equal(0, Modprobe("-c --json").Exit);
        Assert.Contains("\"aliasIndex\": []", Modprobe("-c --json").Out, StringComparison.Ordinal);
        var run = Modprobe("-R top");
        Assert.Equal(1, run.Exit);
        Assert.Contains("modules.dep.bin", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Configuration_is_printed_with_weakdep_lines()
    {
        Assert.Contains("\nweakdep top core\n", "\n" + Modprobe("-c").Out, StringComparison.Ordinal);
        Assert.Contains("\"weakdep\": [", Modprobe("-c --json").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_gone_is_named()
    {
        using var machine = new DaemonMachine { HasDaemon = false };
        var runs = machine.Run(
            "rm /lib/modules/*/kernel/base.ko; modprobe mid", "modprobe base",
            "mkdir -p /etc/modprobe.d; mount -t tmpfs none /etc/modprobe.d; echo 'softdep top pre: base' "
            + ">/etc/modprobe.d/c.conf; modprobe -n -v top");
        var file = $"/lib/modules/{Machine.KernelRelease()}/kernel/base.ko";
        Assert.Equal(
            (1, $"modprobe: ERROR: could not insert 'mid': {file}: No such file or directory (run depmod)\n"),
            (runs[0].Exit, runs[0].Error));
        Assert.Equal(
            (1, $"modprobe: ERROR: could not insert 'base': {file}: No such file or directory (run depmod)\n"),
            (runs[1].Exit, runs[1].Error));
        Assert.Equal(0, runs[2].Exit);
    }

    [Theory]
    [InlineData("mkdir")]
    [InlineData("mkfifo")]
    public void What_is_no_file_is_named(string make)
    {
        using var machine = new DaemonMachine { HasDaemon = false };
        var runs = machine.Run(
            $"b=$(echo /lib/modules/*/kernel/base.ko); rm $b; mount -t tmpfs none /etc/modprobe.d; {make} $b",
            "modprobe mid");
        var file = $"/lib/modules/{Machine.KernelRelease()}/kernel/base.ko";
        Assert.Equal(
            (1, $"modprobe: ERROR: could not insert 'mid': {file}: not a regular file\n"),
            (runs[1].Exit, runs[1].Error));
    }

    [Theory]
    [InlineData("modprobe -C /dev/null -d ROOT -S 1.0-test -D top")]
    [InlineData("modinfo -b ROOT -k 1.0-test -n top")]
    [InlineData("resolve --root ROOT --release 1.0-test top")]
    [InlineData("depmod -n -C /dev/null -b ROOT 1.0-test")]
    public void The_other_place_of_modules_is_tried(string line)
    {
        string[] Words() => line.Replace("ROOT", _root.Path, StringComparison.Ordinal).Split(' ');
        var run = CommandLineRun.Run(Words());
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Directory.CreateDirectory($"{_root.Path}/usr");
        Directory.Move($"{_root.Path}/lib", $"{_root.Path}/usr/lib");
        var other = CommandLineRun.Run(Words());
        Assert.Equal((0, ""), (other.Exit, other.Error));
        Assert.Equal(run.Out.Replace("/lib/", "/usr/lib/", StringComparison.Ordinal), other.Out);
        // an empty lib, as in an image that has merged it since
        Directory.CreateDirectory($"{_root.Path}/lib/modules");
        Assert.Equal(other.Out, CommandLineRun.Run(Words()).Out);
    }

    /// <summary>A FIFO without a writer; the program would wait without end.</summary>
    [Theory]
    [InlineData(1, "modprobe --show-modversions FIFO")]
    [InlineData(1, "modprobe --show-exports FIFO")]
    [InlineData(1, "modinfo FIFO")]
    [InlineData(1, "insmod FIFO")]
    [InlineData(0, "modprobe -C FIFO -d ROOT -S 1.0-test -R top")]
    [InlineData(0, "modprobe -C ROOT/conf -d ROOT -S 1.0-test -R top")]
    [InlineData(0, "depmod -n -C FIFO -b ROOT 1.0-test")]
    [InlineData(0, "depmod -n -C ROOT/conf -b ROOT 1.0-test")]
    [InlineData(1, "depmod -n -F FIFO -b ROOT 1.0-test")]
    [InlineData(1, "depmod -n -E FIFO -b ROOT 1.0-test")]
    [InlineData(0, "depmod -n -b ROOT 1.0-test FIFO")]
    [InlineData(1, "report FIFO")]
    [InlineData(1, "audit --tar FIFO")]
    [InlineData(1, "herd --scenario FIFO")]
    [InlineData(1, "scenario --from FIFO")]
    public void A_FIFO_is_never_waited_for(int exit, string line)
    {
        Directory.CreateDirectory($"{_root.Path}/conf");
        foreach (var fifo in (string[])["fifo.ko", "conf/a.conf"])
            Assert.True(Tool.Try("mkfifo", [$"{_root.Path}/{fifo}"]).Succeeded);
        var words = line.Replace("FIFO", $"{_root.Path}/fifo.ko", StringComparison.Ordinal)
            .Replace("ROOT", _root.Path, StringComparison.Ordinal).Split(' ');
        var run = Tool.Try("timeout", ["60", s_program, .. words]);
        Assert.True(exit == run.Exit, $"{run.Exit}: {run.Error}");
        if (exit != 0)
            Assert.NotEqual("", run.Error);
    }

    /// <summary>A FIFO that has a writer, which writes nothing: it would be waited for even if it is opened without
    /// waiting. A link to /dev/null hides a file.</summary>
    [Theory]
    [InlineData("etc/modprobe.d/a.conf", 0, "", "resolve --root ROOT --release 1.0-test net-pf-99")]
    [InlineData("etc/modprobe.d/a.conf", 0, "a regular file", "load -n -v --root ROOT --release 1.0-test top")]
    [InlineData("etc/modprobe.d/a.conf", 0, "", "modprobe -C ROOT/etc/modprobe.d -d ROOT -S 1.0-test -D top")]
    [InlineData("etc/modules-load.d/a.conf", 1, "a regular file", "modules-load -n --root ROOT --release 1.0-test")]
    [InlineData("etc/modules-load.d/a.conf", 1, "a regular file",
        "modules-load -n --root ROOT --release 1.0-test a.conf")]
    [InlineData("etc/drover/policy.d/a.conf", 1, "a regular file", "policy check --root ROOT --release 1.0-test")]
    [InlineData("etc/drover/policy.d/a.conf", 0, "a regular file", "load -n --root ROOT --release 1.0-test top")]
    [InlineData("etc/depmod.d/a.conf", 0, "Invalid argument", "depmod -n -C ROOT/etc/depmod.d -b ROOT 1.0-test")]
    [InlineData("lib/modules/1.0-test/modules.softdep", 0, "", "modprobe -d ROOT -S 1.0-test -D top")]
    [InlineData("lib/modules/1.0-test/modules.order", 0, "Invalid argument", "depmod -n -b ROOT 1.0-test")]
    [InlineData("lib/modules/1.0-test/modules.builtin.modinfo", 1, "could not get modinfo",
        "modinfo -b ROOT -k 1.0-test built")]
    public void A_silent_FIFO_in_a_directory_is_not_waited_for(
        string fifo, int exit, string message, string line)
    {
        var words = line.Replace("ROOT", _root.Path, StringComparison.Ordinal).Split(' ');
        var path = $"{_root.Path}/{fifo}";
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Delete(path);
        Assert.True(Tool.Try("mkfifo", [path]).Succeeded);
        using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite))
        {
            var run = Tool.Try("timeout", ["60", s_program, .. words]);
            Assert.True(exit == run.Exit, $"{run.Exit}: {run.Out}{run.Error}");
            Assert.Contains(message, run.Out + run.Error, StringComparison.Ordinal);
        }
        File.Delete(path);
        File.CreateSymbolicLink(path, "/dev/null");
        var hidden = Tool.Try("timeout", ["60", s_program, .. words]);
        Assert.DoesNotMatch("regular file|Invalid|modinfo from", hidden.Error);
    }

    [Fact]
    public void An_index_that_is_a_FIFO_is_not_waited_for()
    {
        File.Delete($"{_root.Directory}/modules.dep.bin");
        Assert.True(Tool.Try("mkfifo", [$"{_root.Directory}/modules.dep.bin"]).Succeeded);
        var run = Tool.Try("timeout",
            ["60", s_program, "modprobe", "-C", "/dev/null", "-d", _root.Path, "-S", "1.0-test", "-R", "top"]);
        Assert.Equal((0, "top\n"), (run.Exit, run.Out));
    }

    [Theory]
    [InlineData("depmod -n -C F -b ROOT 1.0-test")]
    [InlineData("depmod -n -e -E F -b ROOT 1.0-test")]
    [InlineData("depmod -n -e -F F -b ROOT 1.0-test")]
    public void A_FIFO_without_a_writer_is_no_empty_file(string line)
    {
        var fifo = $"{_root.Path}/fifo";
        Assert.True(Tool.Try("mkfifo", [fifo]).Succeeded);
        var words = line.Replace("ROOT", _root.Path, StringComparison.Ordinal).Split(' ')
            .Select(word => word == "F" ? fifo : word);
        var run = Tool.Try("timeout", ["60", s_program, .. words]);
        Assert.Matches("Invalid argument|not a regular file", run.Error);
    }

    [Theory]
    [InlineData("modprobe -C /dev/stdin -d ROOT -S 1.0-test -D top", "options top a=1", "top.ko a=1")]
    [InlineData("depmod -n -e -F /dev/stdin -b ROOT 1.0-test", "0000 T known", "kernel/top.ko")]
    public void Standard_input_is_read_where_it_is_named(string line, string input, string expected)
    {
        var words = line.Replace("ROOT", _root.Path, StringComparison.Ordinal).Split(' ');
        var run = Tool.Try("timeout", ["60", s_program, .. words], Encoding.UTF8.GetBytes(input + "\n"));
        Assert.True(run.Succeeded, run.Error);
        Assert.Contains(expected, run.Out, StringComparison.Ordinal);
    }

    /// <summary>An index that ends within its nodes.</summary>
    byte[] Cut(string index) => File.ReadAllBytes($"{_root.Directory}/{index}")[..14];

    CommandLineRun Modprobe(string options) => CommandLineRun.Run(
        ["modprobe", "-C", $"{_root.Path}/c.conf", "-d", _root.Path, "-S", ModuleRoot.Release, .. options.Split(' ')]);
}
