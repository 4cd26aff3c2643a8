using Drover.Modules.Config;
using Drover.Modules.Tests.Index;
using Drover.Modules.Tree;

namespace Drover.Modules.Tests.Config;

public class ModuleCatalogTests
{
    static readonly ModuleTree s_tree = ModuleTree.FromTables(
        "/m",
        IndexTrieTests.Build([("a_mod", "a-mod.ko:", 0), ("off", "off.ko:", 1)]),
        IndexTrieTests.Build([("pci:*", "a_mod", 0), ("pci:v1*", "off", 1), ("bi", "a_mod", 0)]),
        IndexTrieTests.Build([("symbol:s", "a_mod", 0)]),
        IndexTrieTests.Build([("bi", "", 0), ("built", "", 0)]),
        IndexTrieTests.Build([("fs_*", "built", 0)]));

    [Theory]
    [InlineData("a-mod", LookupStep.Dependencies, "a_mod")]
    [InlineData("pci:v1", LookupStep.Aliases, "a_mod off")]
    [InlineData("symbol:s", LookupStep.Symbols, "a_mod")]
    [InlineData("symbol:t", LookupStep.None, "")]
    [InlineData("conf-1", LookupStep.ConfigAlias, "x1 x2")]
    [InlineData("only-inst", LookupStep.Commands, "only_inst")]
    [InlineData("only-instead", LookupStep.None, "")]
    [InlineData("pattern", LookupStep.None, "")]
    [InlineData("only_rem", LookupStep.Commands, "only_rem")]
    [InlineData("bi", LookupStep.Aliases, "a_mod")]
    [InlineData("built", LookupStep.BuiltIn, "built")]
    [InlineData("fs-x", LookupStep.BuiltInAliases, "built")]
    [InlineData("[", LookupStep.None, "")]
    [InlineData("off", LookupStep.ConfigAlias, "elsewhere")]
    public void Resolve_returns_the_first_source_with_a_result(string asked, LookupStep step, string modules)
    {
        ModuleCatalog catalog = new(s_tree, ModprobeConfig.Parse("""
            alias conf-[0-9] x1
            alias conf* x2
            alias off elsewhere
            install only-inst true
            install patt* true
            remove only-rem true
            """));
        var found = catalog.Resolve(asked);
        Assert.Equal((step, modules), (found.Step, string.Join(' ', found.Modules)));
    }

    [Fact]
    public void OptionsOf_joins_lines_of_module_and_alias()
    {
        ModuleCatalog catalog = new(s_tree, ModprobeConfig.Parse("""
            alias wide* a_mod
            options a-mod x=1
            options other y=2
            options wide* z=3
            options pci:v1 w=4
            options a_mod x=5
            """));
        Assert.Equal("x=1 x=5", catalog.OptionsOf("a_mod", null));
        var rule = Assert.Single(catalog.Resolve("wide-open").Rules);
        Assert.Equal("x=1 z=3 x=5", catalog.OptionsOf("a_mod", rule.Pattern));
        Assert.Equal("x=1 w=4 x=5", catalog.OptionsOf("a_mod", "pci:v1"));
        Assert.Equal("", catalog.OptionsOf("nothing", null));
    }

    [Fact]
    public void SoftDependenciesOf_joins_all_matching_lines()
    {
        ModuleCatalog catalog = new(
            s_tree, ModprobeConfig.Parse("softdep a_* pre: p1 post: q1\nsoftdep b pre: no\nsoftdep a-mod pre: p2"));
        (var pre, var post) = catalog.SoftDependenciesOf("a_mod");
        Assert.Equal(["p1", "p2"], pre);
        Assert.Equal(["q1"], post);
    }

    [Fact]
    public void Commands_come_from_the_first_matching_line()
    {
        ModuleCatalog catalog = new(s_tree, ModprobeConfig.Parse(
            "install b* one\ninstall a-mod two\ninstall a* three\nremove bc three\nblacklist b-c"));
        Assert.Equal("one", catalog.InstallCommandOf("bc"));
        Assert.Equal("two", catalog.InstallCommandOf("a_mod"));
        Assert.Null(catalog.InstallCommandOf("c"));
        Assert.Equal("three", catalog.RemoveCommandOf("bc"));
        Assert.True(catalog.IsBlacklisted("b_c"));
        Assert.False(catalog.IsBlacklisted("b"));
    }

    [Fact]
    public void Command_line_that_defines_a_name_precedes_patterns()
    {
        ModuleCatalog catalog = new(s_tree, ModprobeConfig.Parse(
            "install c* one\ninstall cmd two\nremove c* three\nremove cmd four\nremove cold five"));
        Assert.Equal("two", catalog.InstallCommandOf("cmd"));
        Assert.Equal("one", catalog.InstallCommandOf("cmd", "alias"));
        Assert.Equal("three", catalog.RemoveCommandOf("cmd")); // found by its install line
        Assert.Equal("five", catalog.RemoveCommandOf("cold"));
        Assert.Equal("three", catalog.RemoveCommandOf("cold", "alias"));
    }
}
