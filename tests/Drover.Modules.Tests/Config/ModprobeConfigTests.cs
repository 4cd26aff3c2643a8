using Drover.Modules.Config;

namespace Drover.Modules.Tests.Config;

public class ModprobeConfigTests
{
    [Fact]
    public void Parse_gives_each_command_a_rule_with_its_line()
    {
        var config = ModprobeConfig.Parse("""
            # comment
            alias net-pf-10 ipv-6
            blacklist a-b  more words
            options snd-pcm  x=1	y="a b"
            install in-st /bin/true $CMDLINE_OPTS
            remove re-m* echo \
              joined
            softdep s-d junk pre: a-b b post: c pre: d
            weakdep w-d x-1 y

            """, "f.conf");
        Assert.Equal(new AliasRule("net_pf_10", "ipv_6", new ConfigSource("f.conf", 2)), Assert.Single(config.Aliases));
        Assert.Equal(new BlacklistRule("a_b", new ConfigSource("f.conf", 3)), Assert.Single(config.Blacklist));
        Assert.Equal(new OptionsRule("snd_pcm", " x=1 y=\"a b\"", new ConfigSource("f.conf", 4)),
            Assert.Single(config.Options));
        Assert.Equal(new CommandRule("in_st", "/bin/true $CMDLINE_OPTS", new ConfigSource("f.conf", 5)),
            Assert.Single(config.InstallCommands));
        Assert.Equal(new CommandRule("re_m*", "echo   joined", new ConfigSource("f.conf", 6)),
            Assert.Single(config.RemoveCommands));
        var soft = Assert.Single(config.SoftDependencies);
        Assert.Equal(("s_d", new ConfigSource("f.conf", 8)), (soft.Pattern, soft.Source));
        Assert.Equal(["a-b", "b", "d"], soft.Pre);
        Assert.Equal(["c"], soft.Post);
        Assert.Equal(["x-1", "y"], Assert.Single(config.WeakDependencies).Modules);
        Assert.Empty(config.Warnings);
    }

    [Theory]
    [InlineData("alias x", "\"alias\" needs")]
    [InlineData("alias [x y", "\"alias\" needs")]
    [InlineData("blacklist", "\"blacklist\" needs")]
    [InlineData("options foo ", "\"options\" needs")]
    [InlineData("softdep foo", "\"softdep\" needs")]
    [InlineData("include foo", "is obsolete")]
    [InlineData("ALIAS a b", "\"ALIAS\" is not a command")]
    [InlineData(" # a b", "\"#\" is not a command")]
    public void Invalid_line_gives_a_warning_and_is_skipped(string line, string why)
    {
        var config = ModprobeConfig.Parse($"\n{line}\nalias a b", "f.conf");
        Assert.StartsWith("f.conf:2: ", Assert.Single(config.Warnings), StringComparison.Ordinal);
        Assert.Contains(why, config.Warnings[0], StringComparison.Ordinal);
        Assert.Equal(3, Assert.Single(config.Aliases).Source.Line);
    }

    [Fact]
    public void Comment_continues_after_a_backslash() =>
        Assert.Empty(ModprobeConfig.Parse("#x\\\nalias a b\n").Aliases);

    [Fact]
    public void Backslash_before_another_character_is_removed() =>
        Assert.Equal("a=b\\c", ModprobeConfig.Parse("options m a=\\b\\\\c\\").Options[0].Options);

    [Theory]
    [InlineData("foo.bar=1", "foo|bar=1")]
    [InlineData("a-b.c-d", "a_b|c-d")]
    [InlineData("mod.p.q=1 x=y.z quiet", "")]
    [InlineData("mod.v=1.2", "mod|v=1.2")]
    [InlineData("\"q.p=a b\" r.p=\"a b\"", "q|p=\"a b\";r|p=\"a b\"")]
    [InlineData("\"q.p\" q\"u.p=1\" after.p=1", "after|p=1")]
    [InlineData("q.p=a\"b c\"d", "q|p=a\"b c\"d")]
    [InlineData("open.p=\"x y", "")]
    [InlineData("a.p=1\tb.p=2\n", "a|p=1;b|p=2")]
    public void Kernel_command_line_gives_options(string line, string expected) =>
        Assert.Equal(expected, string.Join(';', ModprobeConfig.Parse("", commandLine: line).Options.Select(
            o => $"{o.Module}|{o.Options}")));

    [Fact]
    public void Kernel_command_line_gives_a_blacklist()
    {
        var config = ModprobeConfig.Parse(
            "", commandLine: "modprobe.blacklist=a-b,,c \"modprobe.blacklist=d,e\" modprobe.blacklist");
        Assert.Equal(["a_b", "c", "d", "e"], config.Blacklist.Select(b => b.Module));
        Assert.All(config.Blacklist, b => Assert.Equal(new ConfigSource("kernel command line", 0), b.Source));
    }

    [Fact]
    public void Files_are_read_by_base_name_and_the_first_directory_wins()
    {
        using TemporaryRoot root = new();
        root.Write("lib/modprobe.d/b.conf", "blacklist lib_b");
        root.Write("usr/lib/modprobe.d/c.conf", "blacklist usrlib_c");
        root.Write("run/modprobe.d/B.conf", "blacklist run_B");
        root.Write("etc/modprobe.d/b.conf", "blacklist etc_b");
        root.Write("etc/modprobe.d/z.alias", "blacklist etc_z");
        root.Write("etc/modprobe.d/.hidden.conf", "blacklist hidden");
        root.Write("etc/modprobe.d/a.conf.bak", "blacklist bak");
        root.Write("etc/modprobe.d/dir.conf/x", "blacklist dir");
        root.Write("lib/modules/1/modules.softdep", "blacklist softdep");
        root.Write("lib/modules/1/modules.weakdep", "blacklist weakdep");
        root.Write("usr/local/lib/modprobe.d/modules.t.conf", "blacklist t");
        var config = ModprobeConfig.Load(new ModprobeConfigSources
        {
            Root = root.Path,
            ModuleDirectory = root.Path + "/lib/modules/1",
            CommandLine = "modprobe.blacklist=last",
        });
        Assert.Equal(["run_B", "etc_b", "usrlib_c", "softdep", "t", "weakdep", "etc_z", "last"],
            config.Blacklist.Select(b => b.Module));
        Assert.Equal(root.Path + "/etc/modprobe.d/b.conf", config.Blacklist[1].Source.File);
    }

    [Fact]
    public void Explicit_paths_replace_all_directories()
    {
        using TemporaryRoot root = new();
        root.Write("etc/modprobe.d/a.conf", "blacklist etc");
        root.Write("dir/m.conf", "blacklist dir");
        root.Write("one", "blacklist one");
        var config = ModprobeConfig.Load(new ModprobeConfigSources
        {
            Root = root.Path,
            ExplicitPaths = [root.Path + "/one", root.Path + "/dir", root.Path + "/nothing"],
        });
        Assert.Equal(["dir", "one"], config.Blacklist.Select(b => b.Module));
        Assert.Contains("nothing", Assert.Single(config.Warnings), StringComparison.Ordinal);
    }
}
