using Drover.Kmod;

namespace Drover.Tests.Kmod;

/// <summary>kmod and lsmod compared with those of the machine.</summary>
public class KmodProgramTests
{
    const string Modules = """
        mod_b 4096 2 mod_a,mod_c, Live 0xffffffffc0000000
        mod_a 16384 0 - Live 0x0000000000000000 (OE)
        mod_c 12345678 1 [permanent], Loading 0x0000000000000000
        a_name_that_is_longer_than_its_column 20480 0 - Live 0x0000000000000000

        """;

    [Theory]
    [InlineData("")]
    [InlineData("-h")]
    [InlineData("--help")]
    [InlineData("-hV")]
    [InlineData("list -x")]
    [InlineData("list -v more")]
    [InlineData("help")]
    [InlineData("help more")]
    [InlineData("list more")]
    [InlineData("-x")]
    [InlineData("--nonsense")]
    [InlineData("-h list")]
    [InlineData("nonsense")]
    [InlineData("modprobe -h")]
    [InlineData("lsmod")]
    [InlineData("static-nodes -h")]
    [InlineData("static-nodes -V")]
    [InlineData("static-nodes -f")]
    [InlineData("static-nodes -f nonsense")]
    [InlineData("static-nodes --format=tmp")]
    public async Task Command_line_output_equals_that_of_kmod(string line)
    {
        var args = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(await KmodOracle.RunAsync("kmod", args), KmodOracle.Ours(new KmodProgram(), args));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("list")]
    [InlineData("x y")]
    [InlineData("-")]
    public async Task Lsmod_takes_no_operands(string line) => Assert.Equal(
        await KmodOracle.RunAsync("lsmod", line.Split(' ')), KmodOracle.Ours(new LsmodTool(), line.Split(' ')));

    [Fact]
    public async Task Module_list_equals_that_of_kmod()
    {
        using var machine = Loaded();
        Assert.Equal(await machine.RunKmodsAsync("lsmod"), KmodOracle.Ours(new LsmodTool(machine.Root)));
        Assert.Equal(await machine.RunKmodsAsync("kmod", "list"),
            KmodOracle.Ours(new KmodProgram(machine.Root), "list"));
    }

    [Fact]
    public void Kernel_without_modules_is_reported()
    {
        using var machine = new FakeMachine();
        Assert.Equal(
            new ToolRun(1, "", "lsmod: ERROR: could not open /proc/modules: No such file or directory\n"
                + "lsmod: ERROR: could not get list of modules: No such file or directory\n"),
            KmodOracle.Ours(new LsmodTool(machine.Root)));
    }

    [Fact]
    public void Json_has_the_module_list()
    {
        using var machine = Loaded();
        using var json = System.Text.Json.JsonDocument.Parse(
            KmodOracle.Ours(new LsmodTool(machine.Root), "--json").Out);
        Assert.Equal(["mod_b", "mod_a", "mod_c", "a_name_that_is_longer_than_its_column"],
            json.RootElement.EnumerateArray().Select(module => module.GetProperty("name").GetString()));
        Assert.Equal(4000, json.RootElement[0].GetProperty("bytes").GetInt64());
        Assert.Equal("coming", json.RootElement[2].GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("human")]
    [InlineData("tmpfiles")]
    [InlineData("devname")]
    public async Task Static_nodes_equal_those_of_kmod(string format)
    {
        using var machine = new FakeMachine();
        machine.WriteDevname(
            "# c\nmod_a node/a c10:1\nmod_b node_b b7:0\nbad\nmod_c   x   c1:2\nmod_d y z1:2\nmod_e y c1\nmod_f a " +
            "c300:70000\nmod_g net/tun c10:200 more\n\n" +
            "mod_h deep/er/n c1:1\nmod_i deep/er/n2 c1:1\nmod_j n c4294967297:3\nmod-k dd b1:2\n mod_l ll c1:3\n" +
            "mod_m mm c-1:2\nmod_o /abs c1:2\nmod_p a//b c1:2\nmod_q d/ c1:2\nmod_n nn c1:2x");
        Assert.Equal(await machine.RunKmodsAsync("kmod", "static-nodes", "-f", format),
            KmodOracle.Ours(new KmodProgram(machine.Root), "static-nodes", "-f", format));
    }

    [Fact]
    public async Task Static_nodes_output_creates_its_directory()
    {
        using var machine = new FakeMachine();
        machine.WriteDevname("fuse fuse c10:229\n");
        var path = $"{machine.Root}/run/tmpfiles.d/kmod.conf";
        Assert.Equal(new ToolRun(0, "", ""), KmodOracle.Ours(new KmodProgram(machine.Root), "static-nodes",
            "--format=tmpfiles", "--output", path));
        Assert.Equal("c! /dev/fuse 0600 - - - 10:229\n", File.ReadAllText(path));
        Assert.Equal(await machine.RunKmodsAsync("kmod", "static-nodes", "-o", machine.Root),
            KmodOracle.Ours(new KmodProgram(machine.Root), "static-nodes", "-o", machine.Root));
    }

    [Fact]
    public async Task Kernel_without_static_nodes_is_a_success()
    {
        using var machine = new FakeMachine();
        Assert.Equal(await machine.RunKmodsAsync("kmod", "static-nodes"), KmodOracle.Ours(
            new KmodProgram(machine.Root), "static-nodes"));
    }

    [Theory]
    [InlineData("modinfo")]
    [InlineData("lsmod")]
    [InlineData("kmod")]
    public void Version_starts_like_that_of_kmod_and_names_Drover(string tool)
    {
        var lines = KmodOracle.Ours(KmodTool.Find(tool)!, "--version").Out.Split('\n');
        Assert.Equal("kmod version 34.2", lines[0]);
        Assert.StartsWith("+ZSTD +XZ ", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("drover ", lines[2], StringComparison.Ordinal);
    }

    static FakeMachine Loaded()
    {
        var machine = new FakeMachine().Write("/proc/modules", Modules);
        foreach (var (name, bytes, references, holders) in new[] { ("mod_b", 4000, 2, "zz mod_c mod_a"),
            ("mod_a", 16384, 0, ""), ("mod_c", 12345678, 1, ""),
            ("a_name_that_is_longer_than_its_column", 20480, 0, "") })
        {
            machine.Write($"/sys/module/{name}/coresize", $"{bytes}\n")
                .Write($"/sys/module/{name}/refcnt", $"{references}\n");
            Directory.CreateDirectory($"{machine.Root}/sys/module/{name}/holders");
            foreach (var holder in holders.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                Directory.CreateDirectory($"{machine.Root}/sys/module/{name}/holders/{holder}");
        }
        return machine;
    }
}
