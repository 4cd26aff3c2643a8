namespace Drover.Modules.Tests.Kmod;

/// <summary>Look-ups in the Debian kernel's tree, and in small random ones, beside those of the machine's libkmod: modules, order, duplicates.</summary>
public class LookupGoldenTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 9)]
    public void Every_pattern_made_concrete_is_answered_as_libkmod_does(int seed, int mostFill)
    {
        (KernelTree tree, KmodOracle kmod) = TreeAndKmod();
        Random random = new(seed);
        Compare(kmod, tree.Directory, AliasText.PatternsOf($"{tree.Directory}/modules.alias").Select(p => AliasText.Concrete(p, random, mostFill)).ToArray());
    }

    [Fact]
    public void Modaliases_that_almost_match_are_answered_as_libkmod_does()
    {
        (KernelTree tree, KmodOracle kmod) = TreeAndKmod();
        Random random = new(4);
        Compare(kmod, tree.Directory, AliasText.PatternsOf($"{tree.Directory}/modules.alias").Select(p => Blur(AliasText.Concrete(p, random, 2), random)).ToArray());
    }

    [Fact]
    public void Names_symbols_and_builtins_are_answered_as_libkmod_does()
    {
        (KernelTree tree, KmodOracle kmod) = TreeAndKmod();
        string[] asked =
        [
            .. File.ReadLines($"{tree.Directory}/modules.order").Select(ModuleName.FromPath),
            .. File.ReadLines($"{tree.Directory}/modules.order").Select(path => Path.GetFileNameWithoutExtension(path)),
            .. File.ReadLines($"{tree.Directory}/modules.builtin").Select(ModuleName.FromPath),
            .. AliasText.PatternsOf($"{tree.Directory}/modules.symbols").Take(2000),
            .. File.ReadAllText($"{tree.Directory}/modules.builtin.modinfo").Split('\0').Where(i => i.Contains(".alias=", StringComparison.Ordinal)).Select(i => AliasText.Concrete(i[(i.IndexOf('=', StringComparison.Ordinal) + 1)..], new Random(5), 2)),
            "", "ext4.ko", "[", "a]b", "symbol:", "symbol:nothing", "*", "pci:*",
        ];
        Compare(kmod, tree.Directory, asked);
    }

    [Fact]
    public void A_tree_read_from_its_text_files_answers_as_its_indexes_do()
    {
        (KernelTree tree, _) = TreeAndKmod();
        using TemporaryRoot texts = new();
        foreach (string name in new[] { "modules.dep", "modules.alias", "modules.symbols", "modules.builtin", "modules.builtin.modinfo" }) File.Copy($"{tree.Directory}/{name}", $"{texts.Path}/{name}");
        ModuleTree fromText = ModuleTree.Open(texts.Path), fromIndex = ModuleTree.Open(tree.Directory);
        Random random = new(6);
        foreach (string alias in AliasText.PatternsOf($"{tree.Directory}/modules.alias").Select(p => AliasText.Concrete(p, random, 2)))
        {
            Assert.True(ModuleName.TryNormalizeAlias(alias, out string? asked));
            Assert.Equal(fromIndex.MatchAliases(asked), fromText.MatchAliases(asked));
            Assert.Equal(fromIndex.MatchBuiltInAliases(asked), fromText.MatchBuiltInAliases(asked));
        }
        foreach (string name in File.ReadLines($"{tree.Directory}/modules.order").Select(ModuleName.FromPath))
        {
            ModuleEntry? index = fromIndex.Find(name), text = fromText.Find(name);
            Assert.Equal(index!.Path[tree.Directory.Length..], text!.Path[texts.Path.Length..]);
            Assert.Equal(index.Dependencies, text.Dependencies);
        }
    }

    [Fact]
    public void Entries_come_in_the_order_in_which_modprobe_lists_them()
    {
        (KernelTree tree, _) = TreeAndKmod();
        using TemporaryRoot none = new();
        ToolResult listed = Tool.Try("modprobe", ["-d", tree.Root, "-S", tree.Release, "-C", none.Path, "-c"]);
        string[] expected = listed.Out[listed.Out.IndexOf("# End of configuration files", StringComparison.Ordinal)..].Split('\n').Where(l => l.StartsWith("alias ", StringComparison.Ordinal)).ToArray();
        var entries = IndexTrie.Load($"{tree.Directory}/modules.alias.bin").Entries().Concat(IndexTrie.Load($"{tree.Directory}/modules.symbols.bin").Entries());
        Assert.Equal(expected, entries.Select(e => $"alias {e.Key} {e.Value}"));
    }

    [Fact]
    public void A_built_index_is_as_large_as_depmods_and_holds_the_same()
    {
        (KernelTree tree, _) = TreeAndKmod();
        IndexBuilder builder = new();
        uint priority = 0;
        string last = "";
        foreach (string line in File.ReadLines($"{tree.Directory}/modules.alias").Where(l => l.StartsWith("alias ", StringComparison.Ordinal)))
        {
            int blank = line.LastIndexOf(' ');
            if (line[(blank + 1)..] != last) priority++;
            last = line[(blank + 1)..];
            if (ModuleName.TryNormalizeAlias(line[6..blank], out string? pattern)) builder.Add(pattern, last, priority);
        }
        byte[] built = builder.ToBytes();
        byte[] depmods = File.ReadAllBytes($"{tree.Directory}/modules.alias.bin");
        Assert.Equal(depmods.Length, built.Length);
        Assert.Equal(new IndexTrie(depmods, "depmod").Entries(), new IndexTrie(built, "built").Entries());
    }

    [Fact]
    public void Small_random_trees_are_answered_as_libkmod_does()
    {
        KmodOracle? kmod = KmodOracle.Get(out string why);
        Assert.SkipWhen(kmod is null, why);
        Random random = new(7);
        for (int tree = 0; tree < 150; tree++)
        {
            using TemporaryRoot root = new();
            IndexBuilder aliases = new();
            for (int left = random.Next(1, 40); left > 0; left--) aliases.Add(RandomText(random, s_patternPieces, 6), $"m{random.Next(6)}", (uint)random.Next(4));
            File.WriteAllBytes($"{root.Path}/modules.alias.bin", aliases.ToBytes());
            foreach (string name in new[] { "dep", "symbols", "builtin", "builtin.alias" }) File.WriteAllBytes($"{root.Path}/modules.{name}.bin", new IndexBuilder().ToBytes());
            Compare(kmod, root.Path, Enumerable.Range(0, 200).Select(_ => RandomText(random, s_textPieces, 7)).ToArray());
        }
    }

    private static readonly string[] s_patternPieces = ["a", "b", "ab", "aab", ":", "*", "*", "?", "[ab]", "[!a]", "[a-c]", "\\a", "\\*", "[[:alpha:]]"];

    // wildcards in the text, too: kmod then comes by some values twice
    private static readonly string[] s_textPieces = ["a", "b", "ab", "aab", ":", "c", "a", "b", "*", "?", "\\", "[ab]", "-"];

    private static string RandomText(Random random, string[] pieces, int most) => string.Concat(Enumerable.Range(0, random.Next(most + 1)).Select(_ => pieces[random.Next(pieces.Length)]));

    private static string Blur(string alias, Random random)
    {
        if (alias.Length == 0) return "x";
        int at = random.Next(alias.Length);
        return random.Next(5) switch
        {
            0 => alias.Remove(at, 1),
            1 => alias.Insert(at, "0"),
            2 => string.Concat(alias.AsSpan(0, at), "*?[-"[random.Next(4)].ToString(), alias.AsSpan(at + 1)),
            3 => alias[..at] + (char)random.Next(33, 127) + alias[(at + 1)..],
            _ => alias[..at] + alias,
        };
    }

    private static void Compare(KmodOracle kmod, string directory, string[] asked)
    {
        using TemporaryRoot none = new();
        asked = asked.Where(a => !a.Contains('\n', StringComparison.Ordinal)).ToArray();
        string[] expected = kmod.Answers(directory, none.Path, asked);
        ModuleCatalog catalog = new(ModuleTree.Open(directory), ModprobeConfig.Empty);
        Assert.Equal(asked.Length, expected.Length);
        for (int i = 0; i < asked.Length; i++)
        {
            string actual = string.Join(' ', catalog.Resolve(asked[i]).Modules);
            Assert.True(expected[i] == actual, $"{asked[i]}: libkmod answers \"{expected[i]}\", we \"{actual}\"");
        }
    }

    private static (KernelTree Tree, KmodOracle Kmod) TreeAndKmod()
    {
        KernelTree tree = KernelTrees.Indexed();
        KmodOracle? kmod = KmodOracle.Get(out string why);
        Assert.SkipWhen(kmod is null, why);
        return (tree, kmod);
    }
}
