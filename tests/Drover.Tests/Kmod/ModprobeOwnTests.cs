using System.Text.Json;
using Drover.Tests.Verbs;

namespace Drover.Tests.Kmod;

/// <summary>What modprobe can beside what kmod's can: --json and --explain, and all softdep lines.</summary>
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

    readonly ModuleRoot _root = new ModuleRoot().Write("kernel/base.ko", new TestModule { Exports = ["s"] }).Write("kernel/mid.ko", new TestModule { Needs = ["s"], Info = ["alias=net-pf-10"] })
        .Write("kernel/top.ko", new TestModule { Info = ["alias=net-pf-10"] }).Write("kernel/tail.ko", new TestModule()).Write("kernel/loud.ko", new TestModule())
        .Write("modules.builtin", "kernel/built.ko\n").Write("/c.conf", Configuration).Index();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Look_ups_become_json()
    {
        using var json = Json("-aR", "net-pf-10", "nothing", "mynet");
        var asked = json.RootElement.EnumerateArray().ToArray();
        Assert.Equal(["net-pf-10", "nothing", "mynet"], asked.Select(one => one.GetProperty("asked").GetString()));
        Assert.Equal(["top blacklisted", "mid "], asked[0].GetProperty("modules").EnumerateArray().Select(module => $"{module.GetProperty("name").GetString()} {(module.GetProperty("isBlacklisted").GetBoolean() ? "blacklisted" : "")}"));
        Assert.Empty(asked[1].GetProperty("modules").EnumerateArray());
        Assert.Equal("mynet", asked[2].GetProperty("modules")[0].GetProperty("alias").GetString());
        Assert.Equal((1, 0), (Run("--json", "-R", "nothing").Exit, Run("--json", "-R", "mid").Exit));
    }

    [Fact]
    public void Steps_become_json()
    {
        using var json = Json("-D", "mynet", "c=3");
        var steps = json.RootElement[0].GetProperty("modules")[0].GetProperty("steps").EnumerateArray().ToArray();
        Assert.Equal(["base", "mid"], steps.Select(step => step.GetProperty("module").GetString()));
        Assert.Equal("a=1 b=2 c=3", steps[1].GetProperty("options").GetString());
        Assert.Equal($"{_root.Directory}/kernel/mid.ko", steps[1].GetProperty("path").GetString());
        Assert.True(steps[0].GetProperty("isRequired").GetBoolean());
        using var command = Json("-D", "loud");
        Assert.Equal("true $CMDLINE_OPTS", command.RootElement[0].GetProperty("modules")[0].GetProperty("steps")[0].GetProperty("install").GetString());
    }

    [Fact]
    public void The_configuration_becomes_json()
    {
        using var json = Json("-c");
        Assert.Equal(("a=1", 2), (json.RootElement.GetProperty("options")[0].GetProperty("options").GetString(), json.RootElement.GetProperty("options")[0].GetProperty("line").GetInt32()));
        Assert.Equal(["base"], json.RootElement.GetProperty("softdep")[0].GetProperty("pre").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal(["mid", "top"], json.RootElement.GetProperty("aliasIndex").EnumerateArray().Select(entry => entry.GetProperty("module").GetString()).Order());
    }

    [Fact]
    public void An_explanation_names_the_line_that_decided()
    {
        Assert.Equal(
            """
            mid
              found      alias mynet mid  [C:1]
              now        not loaded
              load       base (hard dependency)
              load       mid (asked for)
                options mid a=1  [C:2]
                options mynet b=2  [C:3]
            tail
              found      tail, in modules.dep
              now        not loaded
              load       base (softdep, or what one needs)
              load       tail (asked for)
                softdep tail pre: base  [C:7]
                softdep tail post: loud  [C:8]
              run        loud (softdep, or what one needs)
                install loud true $CMDLINE_OPTS  [C:5]
                install l* true second (of no effect: not the first)  [C:6]
            top
              found      net-pf-10, in modules.alias
              now        not loaded
              blacklist  it will not be loaded  [C:4]
              load       top (asked for)
            mid
              found      net-pf-10, in modules.alias
              now        not loaded
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
    public void All_softdep_lines_count_unless_the_first_alone_is_asked_for()
    {
        Assert.Equal($"insmod {_root.Directory}/kernel/base.ko \ninsmod {_root.Directory}/kernel/tail.ko \ninstall true $CMDLINE_OPTS \n", Run("-D", "tail").Out);
        Assert.Equal($"insmod {_root.Directory}/kernel/base.ko \ninsmod {_root.Directory}/kernel/tail.ko \n", Run("--first-softdep", "-D", "tail").Out);
    }

    JsonDocument Json(params string[] args) => JsonDocument.Parse(Run(["--json", .. args]).Out);

    string Explain(params string[] names) => Run(["--explain", .. names]).Out.Replace($"{_root.Path}/c.conf", "C", StringComparison.Ordinal);

    CommandLine Run(params string[] args) => CommandLine.Run(["modprobe", "-C", $"{_root.Path}/c.conf", "-d", _root.Path, "-S", ModuleRoot.Release, .. args]);
}
