using Drover.Modules.Config;
using Drover.Modules.Index;
using Drover.Modules.Tree;

namespace Drover.Modules.Tests.Config;

/// <summary>Compares look-ups in the Debian kernel's tree and in small random ones with libkmod: modules,
/// order, duplicates.</summary>
public class LookupGoldenTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 9)]
    public void Texts_for_every_pattern_resolve_as_by_libkmod(int seed, int maxFill)
    {
        (var tree, var kmod) = TreeAndKmod();
        Random random = new(seed);
        Compare(kmod, tree.Directory, AliasText.PatternsOf($"{tree.Directory}/modules.alias")
            .Select(p => AliasText.Concrete(p, random, maxFill)).ToArray());
    }

    [Fact]
    public void Modaliases_that_almost_match_resolve_as_by_libkmod()
    {
        (var tree, var kmod) = TreeAndKmod();
        Random random = new(4);
        Compare(kmod, tree.Directory, AliasText.PatternsOf($"{tree.Directory}/modules.alias")
            .Select(p => Blur(AliasText.Concrete(p, random, 2), random)).ToArray());
    }

    [Fact]
    public void Names_symbols_and_builtins_resolve_as_by_libkmod()
    {
        (var tree, var kmod) = TreeAndKmod();
        string[] asked =
        [
            .. File.ReadLines($"{tree.Directory}/modules.order").Select(ModuleName.FromPath),
            .. File.ReadLines($"{tree.Directory}/modules.order").Select(path => Path.GetFileNameWithoutExtension(path)),
            .. File.ReadLines($"{tree.Directory}/modules.builtin").Select(ModuleName.FromPath),
            .. AliasText.PatternsOf($"{tree.Directory}/modules.symbols").Take(2000),
            .. File.ReadAllText($"{tree.Directory}/modules.builtin.modinfo").Split('\0')
                .Where(i => i.Contains(".alias=", StringComparison.Ordinal))
                .Select(i => AliasText.Concrete(i[(i.IndexOf('=', StringComparison.Ordinal) + 1)..], new Random(5),
                2)),
            "", "ext4.ko", "[", "a]b", "symbol:", "symbol:nothing", "*", "pci:*",
        ];
        Compare(kmod, tree.Directory, asked);
    }

    [Fact]
    public void Debian_text_files_give_the_same_results_as_indexes()
    {
        (var tree, _) = TreeAndKmod();
        using TemporaryRoot texts = new();
        foreach (var name in new[] { "dep", "alias", "symbols", "builtin", "builtin.modinfo" })
            File.Copy($"{tree.Directory}/modules.{name}", $"{texts.Path}/modules.{name}");
        ModuleTree fromText = ModuleTree.Open(texts.Path), fromIndex = ModuleTree.Open(tree.Directory);
        Random random = new(6);
        foreach (var alias in AliasText.PatternsOf($"{tree.Directory}/modules.alias")
            .Select(p => AliasText.Concrete(p, random, 2)))
        {
            Assert.True(ModuleName.TryNormalizeAlias(alias, out var asked));
            Assert.Equal(fromIndex.MatchAliases(asked), fromText.MatchAliases(asked));
            Assert.Equal(fromIndex.MatchBuiltInAliases(asked), fromText.MatchBuiltInAliases(asked));
        }
        foreach (var name in File.ReadLines($"{tree.Directory}/modules.order").Select(ModuleName.FromPath))
        {
            ModuleEntry? index = fromIndex.Find(name), text = fromText.Find(name);
            Assert.Equal(index!.Path[tree.Directory.Length..], text!.Path[texts.Path.Length..]);
            Assert.Equal(index.Dependencies, text.Dependencies);
        }
    }

    [Fact]
    public void Entries_have_the_order_of_modprobe()
    {
        (var tree, _) = TreeAndKmod();
        using TemporaryRoot none = new();
        var listed = Tool.Try("modprobe", ["-d", tree.Root, "-S", tree.Release, "-C", none.Path, "-c"]);
        var expected = listed.Out[listed.Out.IndexOf("# End of configuration files", StringComparison.Ordinal)..]
            .Split('\n').Where(l => l.StartsWith("alias ", StringComparison.Ordinal)).ToArray();
        var entries = IndexTrie.Load($"{tree.Directory}/modules.alias.bin").Entries()
            .Concat(IndexTrie.Load($"{tree.Directory}/modules.symbols.bin").Entries());
        Assert.Equal(expected, entries.Select(e => $"alias {e.Key} {e.Value}"));
    }

    [Fact]
    public void Built_index_agrees_with_depmod()
    {
        (var tree, _) = TreeAndKmod();
        IndexBuilder builder = new();
        uint priority = 0;
        var last = "";
        foreach (var line in File.ReadLines($"{tree.Directory}/modules.alias")
            .Where(l => l.StartsWith("alias ", StringComparison.Ordinal)))
        {
            var blank = line.LastIndexOf(' ');
            if (line[(blank + 1)..] != last) priority++;
            last = line[(blank + 1)..];
            if (ModuleName.TryNormalizeAlias(line[6..blank], out var pattern)) builder.Add(pattern, last, priority);
        }
        var built = builder.ToBytes();
        var depmods = File.ReadAllBytes($"{tree.Directory}/modules.alias.bin");
        Assert.Equal(depmods.Length, built.Length);
        Assert.Equal(new IndexTrie(depmods, "depmod").Entries(), new IndexTrie(built, "built").Entries());
    }

    [Fact]
    public void Small_random_trees_resolve_as_by_libkmod()
    {
        var kmod = KmodOracle.Get(out var why);
        Assert.SkipWhen(kmod is null, why);
        Random random = new(7);
        for (var tree = 0; tree < 150; tree++)
        {
            using TemporaryRoot root = new();
            IndexBuilder aliases = new();
            for (var left = random.Next(1, 40); left > 0; left--)
                aliases.Add(RandomText(random, s_patternPieces, 6), $"m{random.Next(6)}", (uint)random.Next(4));
            File.WriteAllBytes($"{root.Path}/modules.alias.bin", aliases.ToBytes());
            foreach (var name in new[] { "dep", "symbols", "builtin", "builtin.alias" })
                File.WriteAllBytes($"{root.Path}/modules.{name}.bin", new IndexBuilder().ToBytes());
            Compare(kmod, root.Path, Enumerable.Range(0, 200).Select(_ => RandomText(random, s_textPieces, 7))
                .ToArray());
        }
    }

    static readonly string[] s_patternPieces = ["a", "b", "ab", "aab", ":", "*", "*", "?", "[ab]", "[!a]", "[a-c]",
        "\\a", "\\*", "[[:alpha:]]"];

    // with wildcards in the text, kmod finds some values twice
    static readonly string[] s_textPieces = ["a", "b", "ab", "aab", ":", "c", "a", "b", "*", "?", "\\", "[ab]", "-"];

    static string RandomText(Random random, string[] pieces, int most) =>
        string.Concat(Enumerable.Range(0, random.Next(most + 1)).Select(_ => pieces[random.Next(pieces.Length)]));

    static string Blur(string alias, Random random)
    {
        if (alias.Length == 0) return "x";
        var at = random.Next(alias.Length);
        return random.Next(5) switch
        {
            0 => alias.Remove(at, 1),
            1 => alias.Insert(at, "0"),
            2 => string.Concat(alias.AsSpan(0, at), "*?[-"[random.Next(4)].ToString(), alias.AsSpan(at + 1)),
            3 => alias[..at] + (char)random.Next(33, 127) + alias[(at + 1)..],
            _ => alias[..at] + alias,
        };
    }

    static void Compare(KmodOracle kmod, string directory, string[] asked)
    {
        using TemporaryRoot none = new();
        asked = asked.Where(a => !a.Contains('\n', StringComparison.Ordinal)).ToArray();
        var expected = kmod.Answers(directory, none.Path, asked);
        ModuleCatalog catalog = new(ModuleTree.Open(directory), ModprobeConfig.Empty);
        Assert.Equal(asked.Length, expected.Length);
        for (var i = 0; i < asked.Length; i++)
        {
            var actual = string.Join(' ', catalog.Resolve(asked[i]).Modules);
            Assert.True(expected[i] == actual, $"{asked[i]}: libkmod answers \"{expected[i]}\", we \"{actual}\"");
        }
    }

    static (KernelTree Tree, KmodOracle Kmod) TreeAndKmod()
    {
        var tree = KernelTrees.Indexed();
        var kmod = KmodOracle.Get(out var why);
        Assert.SkipWhen(kmod is null, why);
        return (tree, kmod);
    }
}
