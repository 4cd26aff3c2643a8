using Drover.Modules.Tests.Index;

namespace Drover.Modules.Tests.Config;

public class ModuleCatalogTests
{
    private static readonly ModuleTree s_tree = ModuleTree.FromTables(
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
    public void The_first_source_with_a_result_wins(string asked, LookupStep step, string modules)
    {
        ModuleCatalog catalog = new(s_tree, ModprobeConfig.Parse("""
            alias conf-[0-9] x1
            alias conf* x2
            alias off elsewhere
            install only-inst true
            install patt* true
            remove only-rem true
            """));
        Resolution found = catalog.Resolve(asked);
        Assert.Equal((step, modules), (found.Step, string.Join(' ', found.Modules)));
    }

    [Fact]
    public void Options_are_of_the_module_and_of_the_alias_it_was_asked_by()
    {
        ModuleCatalog catalog = new(s_tree, ModprobeConfig.Parse("""
            alias wide* a_mod
            options a-mod x=1
            options other y=2
            options wide* z=3
            options pci:v1 w=4
            options a_mod x=5
            """));
        Assert.Equal("x=1 x=5", catalog.OptionsFor("a_mod"));
        Assert.Equal("x=1 z=3 x=5", catalog.OptionsFor("a_mod", "wide-open"));
        Assert.Equal("x=1 w=4 x=5", catalog.OptionsFor("a_mod", "pci:v1"));
        Assert.Equal("", catalog.OptionsFor("nothing"));
    }

    [Fact]
    public void Soft_dependencies_are_those_of_every_matching_line()
    {
        ModuleCatalog catalog = new(s_tree, ModprobeConfig.Parse("softdep a_* pre: p1 post: q1\nsoftdep b pre: no\nsoftdep a-mod pre: p2"));
        (IReadOnlyList<string> pre, IReadOnlyList<string> post) = catalog.SoftDependenciesOf("a_mod");
        Assert.Equal(["p1", "p2"], pre);
        Assert.Equal(["q1"], post);
    }

    [Fact]
    public void The_first_matching_command_stands_in()
    {
        ModuleCatalog catalog = new(s_tree, ModprobeConfig.Parse("install b* one\ninstall a-mod two\ninstall a* three\nremove bc three\nblacklist b-c"));
        Assert.Equal("one", catalog.InstallCommandOf("bc"));
        Assert.Equal("two", catalog.InstallCommandOf("a_mod"));
        Assert.Null(catalog.InstallCommandOf("c"));
        Assert.Equal("three", catalog.RemoveCommandOf("bc"));
        Assert.True(catalog.IsBlacklisted("b_c"));
        Assert.False(catalog.IsBlacklisted("b"));
    }

    [Fact]
    public void The_command_by_whose_name_something_was_found_stands_before_patterns()
    {
        ModuleCatalog catalog = new(s_tree, ModprobeConfig.Parse("install c* one\ninstall cmd two\nremove c* three\nremove cmd four\nremove cold five"));
        Assert.Equal("two", catalog.InstallCommandOf("cmd"));
        Assert.Equal("one", catalog.InstallCommandOf("cmd", "alias"));
        Assert.Equal("three", catalog.RemoveCommandOf("cmd")); // it was found by its install line
        Assert.Equal("five", catalog.RemoveCommandOf("cold"));
        Assert.Equal("three", catalog.RemoveCommandOf("cold", "alias"));
    }
}
