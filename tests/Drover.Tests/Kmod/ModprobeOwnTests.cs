using System.Text.Json;

namespace Drover.Tests.Kmod;

/// <summary>Extensions of modprobe: --json, --explain, all softdep lines, and parallel loads.</summary>
public sealed class ModprobeOwnTests : IDisposable
{
    const string Configuration = """
        alias mynet mid
        options mid a=1
        options mynet b=2
        blacklist top
        install loud true $CMDLINE_OPTS
        install l* true second
        softdep tail pre: base
        softdep tail post: loud
        """;

    readonly ModuleRoot _root = new ModuleRoot().Write("kernel/base.ko", new TestModule { Exports = ["s"] })
        .Write("kernel/mid.ko", new TestModule { Needs = ["s"], Info = ["alias=net-pf-10"] })
        .Write("kernel/top.ko", new TestModule { Info = ["alias=net-pf-10"] })
            .Write("kernel/tail.ko", new TestModule()).Write("kernel/loud.ko", new TestModule())
        .Write("modules.builtin", "kernel/built.ko\n").Write("/c.conf", Configuration).Index();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Json_has_look_ups()
    {
        using var json = Json("-aR", "net-pf-10", "nothing", "mynet");
        var asked = json.RootElement.EnumerateArray().ToArray();
        Assert.Equal(["net-pf-10", "nothing", "mynet"], asked.Select(one => one.GetProperty("asked").GetString()));
        Assert.Equal(["top blacklisted", "mid "], asked[0].GetProperty("modules").EnumerateArray()
            .Select(module =>
            $"{module.GetProperty("name").GetString()} " +
            $"{(module.GetProperty("isBlacklisted").GetBoolean() ? "blacklisted" : "")}"));
        Assert.Empty(asked[1].GetProperty("modules").EnumerateArray());
        Assert.Equal("mynet", asked[2].GetProperty("modules")[0].GetProperty("alias").GetString());
        Assert.Equal((1, 0), (Run("--json", "-R", "nothing").Exit, Run("--json", "-R", "mid").Exit));
    }

    [Fact]
    public void Json_has_steps()
    {
        using var json = Json("-D", "mynet", "c=3");
        var steps = json.RootElement[0].GetProperty("modules")[0].GetProperty("steps").EnumerateArray().ToArray();
        Assert.Equal(["base", "mid"], steps.Select(step => step.GetProperty("module").GetString()));
        Assert.Equal("a=1 b=2 c=3", steps[1].GetProperty("options").GetString());
        Assert.Equal($"{_root.Directory}/kernel/mid.ko", steps[1].GetProperty("path").GetString());
        Assert.True(steps[0].GetProperty("isRequired").GetBoolean());
        using var command = Json("-D", "loud");
        Assert.Equal("true $CMDLINE_OPTS", command.RootElement[0].GetProperty("modules")[0].GetProperty("steps")[0]
            .GetProperty("install").GetString());
    }

    [Fact]
    public void Json_has_the_configuration()
    {
        using var json = Json("-c");
        Assert.Equal(("a=1", 2), (json.RootElement.GetProperty("options")[0].GetProperty("options").GetString(),
            json.RootElement.GetProperty("options")[0].GetProperty("line").GetInt32()));
        Assert.Equal(["base"], json.RootElement.GetProperty("softdep")[0].GetProperty("pre").EnumerateArray()
            .Select(name => name.GetString()));
        Assert.Equal(["mid", "top"], json.RootElement.GetProperty("aliasIndex").EnumerateArray()
            .Select(entry => entry.GetProperty("module").GetString()).Order());
    }

    [Fact]
    public void Explain_names_the_deciding_line()
    {
        Assert.Equal(
            """
            mid
              found      alias mynet mid  [C:1]
              now        not loaded, in the running kernel
              load       base (hard dependency)
              load       mid (asked for)
                options mid a=1  [C:2]
                options mynet b=2  [C:3]
            tail
              found      tail, in modules.dep
              now        not loaded, in the running kernel
              load       base (softdep, or what one needs)
              load       tail (asked for)
                softdep tail pre: base  [C:7]
                softdep tail post: loud  [C:8]
              run        loud (softdep, or what one needs)
                install loud true $CMDLINE_OPTS  [C:5]
                install l* true second (of no effect: not the first)  [C:6]
            top
              found      net-pf-10, in modules.alias
              now        not loaded, in the running kernel
              blacklist  it will not be loaded  [C:4]
              load       top (asked for)
            mid
              found      net-pf-10, in modules.alias
              now        not loaded, in the running kernel
              load       base (hard dependency)
              load       mid (asked for)
                options mid a=1  [C:2]
            built
              found      built, in modules.builtin
              now        built into the kernel
              skip       built (asked for)

            """, Explain("mynet", "tail", "net-pf-10", "built"));
        Assert.Equal(1, Run("--explain", "nothing").Exit);
    }

    [Fact]
    public void Explain_takes_a_file_as_modprobe_does()
    {
        var file = $"{_root.Directory}/kernel/mid.ko";
        Assert.Equal(
            $"mid\n  found      {file}, a file\n  now        not loaded, in the running kernel\n"
            + "  load       base (hard dependency)\n  load       mid (asked for)\n    options mid a=1  [C:2]\n",
            Explain(file));
        var run = Run("--explain", "./none.ko");
        Assert.Equal((1, "", "modprobe: ERROR: Module ./none.ko not found.\n"), (run.Exit, run.Out, run.Error));
    }

    [Theory]
    [InlineData("--explain --json", "--explain goes with none of ")]
    [InlineData("-r --explain", "--explain goes with none of ")]
    [InlineData("--explain -D", "--explain goes with none of ")]
    [InlineData("-R --explain", "--explain goes with none of ")]
    [InlineData("--explain -c", "--explain goes with none of ")]
    [InlineData("--json", "--json goes with -R, -D or -c.\n")]
    [InlineData("--json -n", "--json goes with -R, -D or -c.\n")]
    [InlineData("-r --json", "--json goes with -R, -D or -c.\n")]
    public void An_option_of_Drover_is_not_ignored(string options, string error)
    {
        var run = Run([.. options.Split(' '), "mid"]);
        Assert.Equal((1, ""), (run.Exit, run.Out));
        Assert.StartsWith($"modprobe: ERROR: {error}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void All_softdep_lines_apply_without_first_softdep()
    {
        Assert.Equal(
            $"insmod {_root.Directory}/kernel/base.ko \ninsmod {_root.Directory}/kernel/tail.ko \ninstall true " +
            $"$CMDLINE_OPTS \n", Run("-D", "tail").Out);
        Assert.Equal($"insmod {_root.Directory}/kernel/base.ko \ninsmod {_root.Directory}/kernel/tail.ko \n",
            Run("--first-softdep", "-D", "tail").Out);
    }

    [Fact]
    public void A_command_is_run_whatever_softdeps_its_module_has()
    {
        _root.Write("/c.conf", "install tail /bin/false\nsoftdep tail pre: base post: top\n");
        var file = $"{_root.Directory}/kernel";
        Assert.Equal($"insmod {file}/base.ko \ninstall /bin/false \ninsmod {file}/top.ko \n", Run("-D", "tail").Out);
        // in kmod 30, softdeps take its place
        Assert.Equal(
            $"insmod {file}/base.ko \ninsmod {file}/tail.ko \ninsmod {file}/top.ko \n",
            Run("--first-softdep", "-D", "tail").Out);
    }

    [Theory]
    [InlineData("", "base own mid")]
    [InlineData("softdep own pre: post:", "own")]
    [InlineData("softdep own pre:", "own")]
    [InlineData("softdep ow* post:", "own")]
    [InlineData("softdep own pre: top", "base top own mid")]
    [InlineData("softdep own pre: top\nsoftdep own pre: post:", "top own")]
    public void An_empty_softdep_line_takes_the_modules_own_away(string lines, string order)
    {
        _root.Write("kernel/own.ko", new TestModule { Info = ["softdep=pre: base", "softdep=post: mid"] }).Index();
        _root.Write("/c.conf", $"{lines}\n");
        var steps = Run("-D", "own").Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(step => Path.GetFileNameWithoutExtension(step.Split(' ')[1])).Distinct();
        Assert.Equal(order.Split(' ').Order(), steps.Order());
        Assert.Equal(order is "own" or "top own", Run("--explain", "own").Out.Contains(
            "(of no effect: an empty line takes it away)", StringComparison.Ordinal));
    }

    /// <summary>The cycle tail → top → tail of softdeps "pre".</summary>
    [Theory]
    [InlineData("tail", "base top tail")]
    [InlineData("top", "tail base top")]
    public void Softdep_pre_cycle_prints_each_module_once_and_the_requested_one_last(string name, string order)
    {
        _root.Write("/c.conf", "softdep tail pre: top\nsoftdep top pre: tail base\n");
        var steps = Run("-D", name).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(order.Split(' '), steps.Select(step => Path.GetFileNameWithoutExtension(step.Split(' ')[1])));
    }

    /// <summary>Each install command waits for the file of the other; one after the other they would fail.</summary>
    [Fact]
    public void Modprobe_a_loads_all_names_in_parallel()
    {
        const string Meet = "touch $1; for i in $(seq 100); do [ -e $2 ] && exit 0; sleep 0.1; done; exit 1";
        using var machine = new DaemonMachine { HasDaemon = false };
        var run = machine.Run(
            $"cd $(mktemp -d); echo '{Meet}' >meet; "
            + "printf 'install base sh ./meet base top\ninstall top sh ./meet top base\n' >c.conf; "
            + "modprobe -C ./c.conf -a base top")[0];
        Assert.Equal((0, "", ""), (run.Exit, run.Out, run.Error));
    }

    JsonDocument Json(params string[] args) => JsonDocument.Parse(Run(["--json", .. args]).Out);

    string Explain(params string[] names) =>
        Run(["--explain", .. names]).Out.Replace($"{_root.Path}/c.conf", "C", StringComparison.Ordinal);

    CommandLineRun Run(params string[] args) =>
        CommandLineRun.Run(["modprobe", "-C", $"{_root.Path}/c.conf", "-d", _root.Path, "-S", ModuleRoot.Release,
            .. args]);
}
