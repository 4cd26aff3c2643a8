using Drover.Modules.Index;
using Drover.Modules.Tests.Index;
using Drover.Modules.Tree;

namespace Drover.Modules.Tests.Tree;

public class ModuleTreeTests
{
    [Fact]
    public void Tree_of_text_files_gives_the_same_results_as_indexes()
    {
        using TemporaryRoot root = new();
        root.Write(
            "modules.dep",
            "kernel/snd-pcm.ko: kernel/snd-timer.ko.xz\tkernel/snd.ko\n/abs/extra.ko:\nkernel/snd.ko:\n");
        root.Write(
            "modules.alias",
            "# Aliases\nalias b* second\nalias [a-b]-c first\nalias b* first\nalias [broken x\n"
                + "alias with blank pattern first\n");
        root.Write("modules.symbols", "alias symbol:foo_bar snd\n");
        root.Write("modules.builtin", "kernel/fs/ext-4.ko\n");
        root.Write("modules.builtin.modinfo", "ext_4.license=GPL\0ext_4.alias=fs-ext4\0");
        var tree = ModuleTree.Open(root.Path + "/");
        var pcm = tree.Find("snd_pcm")!;
        Assert.Equal(("snd_pcm", root.Path + "//kernel/snd-pcm.ko"), (pcm.Name, pcm.Path));
        Assert.Equal(["snd_timer", "snd"], pcm.Dependencies);
        Assert.Equal("/abs/extra.ko", tree.Find("extra")!.Path);
        Assert.Null(tree.Find("nothing"));
        Assert.Equal(["second", "first", "first"], tree.MatchAliases("b_c"));
        Assert.Equal(["first"], tree.MatchAliases("with blank pattern"));
        Assert.Equal(["snd"], tree.MatchSymbols("symbol:foo_bar"));
        Assert.True(tree.IsBuiltIn("ext_4"));
        Assert.False(tree.IsBuiltIn("ext"));
        Assert.Equal(["ext_4"], tree.MatchBuiltInAliases("fs_ext4"));
    }

    [Fact]
    public void Index_is_preferred_to_text_file()
    {
        using TemporaryRoot root = new();
        root.Write("modules.alias", "alias a text\n");
        IndexBuilder builder = new();
        builder.Add("a", "index", 0);
        File.WriteAllBytes(root.Path + "/modules.alias.bin", builder.ToBytes());
        Assert.Equal(["index"], ModuleTree.Open(root.Path).MatchAliases("a"));
    }

    [Fact]
    public void Missing_files_are_empty_indexes()
    {
        using TemporaryRoot root = new();
        var tree = ModuleTree.Open(root.Path);
        Assert.Null(tree.Find("a"));
        Assert.Empty(tree.MatchAliases("a"));
        Assert.Empty(tree.MatchSymbols("symbol:a"));
        Assert.False(tree.IsBuiltIn("a"));
        Assert.Empty(tree.MatchBuiltInAliases("a"));
        Assert.Throws<DirectoryNotFoundException>(() => ModuleTree.Open(root.Path + "/none"));
    }

    [Theory]
    [InlineData("modules.dep", "a.ko:\nno colon here\n", 6)]
    [InlineData("modules.alias", "alias a b\nalias alone\n", 10)]
    [InlineData("modules.alias", "alias ä b\n", 0)]
    [InlineData("modules.builtin.modinfo", "a.alias=b\0nothing\0", 10)]
    [InlineData("modules.builtin.modinfo", "a.alias=b\0a.alias=c", 10)]
    public void Malformed_text_file_gives_file_and_offset(string name, string text, long offset)
    {
        using TemporaryRoot root = new();
        var file = root.Write(name, text);
        var tree = ModuleTree.Open(root.Path);
        var bad = Assert.Throws<ModuleDataException>(() =>
        {
            tree.Find("a");
            tree.MatchAliases("a");
            tree.MatchBuiltInAliases("a");
        });
        Assert.Equal((file, offset), (bad.File, bad.Offset));
    }

    [Fact]
    public void FromTables_needs_no_files()
    {
        var tree = ModuleTree.FromTables(
            "/lib/modules/1", IndexTrieTests.Build([("a", "kernel/a.ko: kernel/b.ko", 0)]),
            IndexTrieTests.Build([("x*", "a", 0)]));
        Assert.Equal("/lib/modules/1/kernel/a.ko", tree.Find("a")!.Path);
        Assert.Equal(["a"], tree.MatchAliases("xyz"));
        Assert.Empty(tree.MatchSymbols("symbol:x"));
    }
}
