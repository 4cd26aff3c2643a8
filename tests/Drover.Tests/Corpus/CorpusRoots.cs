using Drover.Modules;
using Drover.Modules.Index;
using Drover.Modules.Tests;
using Drover.Tests.Kmod;

namespace Drover.Tests.Corpus;

/// <summary>Small root file systems with a module directory of release 1.0-test, each with a kind of input that tools
/// meet. All programs get copies of them.</summary>
static class CorpusRoots
{
    const string Modules = $"lib/modules/{ModuleRoot.Release}";

    /// <summary>Indexes of the root <c>damaged-KIND</c>: what is done to each <c>.bin</c>, and to each text.</summary>
    public static readonly (string Kind, Func<byte[], byte[]?> Index, bool WithText)[] Damages =
    [
        ("none", _ => null, false), ("text", _ => null, true), ("empty", _ => [], true),
        ("zeroed", bytes => new byte[bytes.Length], true), ("cut", bytes => bytes[..(bytes.Length / 2)], true),
        ("magic", bytes => [1, .. bytes[1..]], true), ("version", bytes => [.. bytes[..4], 9, .. bytes[5..]], true),
        ("head", bytes => bytes[..8], true),
    ];

    /// <summary>Names of modules that are odd for a shell, a path or a text.</summary>
    public static readonly string[] OddNames =
    [
        "with space", "UPPER", "a.b.c", "--", "-x", "x=y", "x,y", "q'uote", "q\"uote", "back\\slash", "dollar$HOME",
        "star*", "ques?", "br[acket]", "tab\there", "under_score", "da-sh", "0", "colon:name", "#hash",
        "new\nline", "tilde~", "very" + "_long_name".PadRight(200, 'x'),
    ];

    /// <summary>Makes all roots below a directory, with indexes of kmod 30's depmod.</summary>
    public static void Make(string directory)
    {
        using (var corpus = new ModprobeCorpus())
            Copy(corpus.Root.Path, $"{directory}/plain");
        foreach (var (kind, index, withText) in Damages)
            Damage(directory, kind, index, withText);
        using (var tree = DepmodGoldenTests.Sample())
            Copy(tree.Root, $"{directory}/depmod");
        using (var root = Deep())
            Copy(root.Path, $"{directory}/deep");
        using (var root = Odd())
            Copy(root.Path, $"{directory}/odd");
        using (var root = Latin())
            Copy(root.Path, $"{directory}/latin");
        using (var root = Files())
            Copy(root.Path, $"{directory}/files");
        using (var root = new ModuleRoot())
            Copy(root.Path, $"{directory}/bare");
        using (var root = Cycle())
        {
            Copy(root.Path, $"{directory}/cycle");
            Indexed(root.Directory);
            Copy(root.Path, $"{directory}/cycle-indexed");
        }
        using (var root = Weak())
            Copy(root.Path, $"{directory}/weak");
    }

    public static void Copy(string from, string to) => Tool.Run("cp", [], "-a", from, to);

    static void Damage(string directory, string kind, Func<byte[], byte[]?> index, bool withText)
    {
        var root = $"{directory}/damaged-{kind}";
        Copy($"{directory}/plain", root);
        foreach (var file in Directory.GetFiles($"{root}/{Modules}", "modules.*"))
        {
            if (Path.GetFileName(file) is "modules.order" or "modules.builtin" or "modules.builtin.modinfo")
                continue;
            var isIndex = file.EndsWith(".bin", StringComparison.Ordinal);
            if (isIndex && index(File.ReadAllBytes(file)) is { } bytes)
                File.WriteAllBytes(file, bytes);
            else if (isIndex || !withText)
                File.Delete(file);
        }
    }

    /// <summary>A chain of modules with softdeps, options and commands at several links.</summary>
    static ModuleRoot Deep()
    {
        var root = new ModuleRoot();
        const int Links = 12;
        for (var i = 0; i < Links; i++)
        {
            root.Write($"kernel/d{i % 3}/link{i}.ko", new TestModule
            {
                Exports = [$"sym{i}"],
                Needs = i == 0 ? [] : [$"sym{i - 1}", .. i > 3 ? new[] { $"sym{i - 3}" } : []],
                Info =
                [
                    $"alias=chain:l{i}*", "parm=x:an x", "parmtype=x:int",
                    // the install line is for this one
                    .. i == 9 ? Array.Empty<string>() : [$"softdep=pre: side{i % 2}"],
                ],
            });
        }
        for (var i = 0; i < 2; i++)
            root.Write($"kernel/side{i}.ko", new TestModule { Info = ["license=GPL", $"alias=chain:*{i}"] });
        root.Write("/conf/a.conf", """
            options link3 x=3
            options link5 x=5 y="a b"
            blacklist link7
            install link9 /bin/echo nine $CMDLINE_OPTS
            remove link9 /bin/echo no nine
            softdep link11 pre: link2 post: side1
            alias whole link11
            alias chain:l8z link0
            """);
        return root.Index();
    }

    static ModuleRoot Odd()
    {
        var root = new ModuleRoot();
        foreach (var name in OddNames)
        {
            root.Write($"kernel/{name}.ko", new TestModule
            {
                Exports = [$"sym_{name.Length}"],
                Info = [$"alias=of-{name}", $"description={name}", "license=\u00fcnknown"],
            });
        }
        root.Write("kernel/dir with space/in.ko", new TestModule { Needs = ["sym_10"] });
        root.Write("kernel/.hidden.ko", new TestModule()).Write("kernel/noending", new TestModule());
        root.Write("kernel/.ko", new TestModule()).Write("kernel/x.ko.bak", new TestModule());
        return root.Index();
    }

    static ModuleRoot Latin() => new ModuleRoot()
        .Write("kernel/caf\u00e9.ko", new TestModule { Info = ["alias=of-caf\u00e9", "author=J\u00f6rg"] })
        .Write("kernel/plain.ko", new TestModule { Info = ["alias=plainly", "author=J\u00f6rg"] })
        .Write("/conf/a.conf", "options plain who=J\xf6rg\n").Index();

    /// <summary>Module files for modinfo, insmod and the queries of modprobe that take a file.</summary>
    static ModuleRoot Files()
    {
        var root = new ModuleRoot();
        foreach (var (name, contents) in ModinfoTests.Modules)
            root.Write($"{name}.ko", contents);
        var symbols = new TestModule
        {
            Exports = ["one", "two"],
            CrcExports = ["three 12345678"],
            Needs = ["four 9abc", "five", "?six 1"],
            Info = ["alias=x", "parm=p:text", "parmtype=p:int", "vermagic=1.0-test SMP", "import_ns=A"],
        }.ToBytes();
        root.Write("symbols.ko", symbols).Write("symbols.bin", symbols).Write("big.ko", new byte[70_000]);
        foreach (var program in new[] { "xz", "zstd" })
        {
            root.Write($"packed-{program}.ko", symbols).Pack($"packed-{program}.ko", program);
            var packed = $"{root.Directory}/packed-{program}.ko.{(program == "xz" ? "xz" : "zst")}";
            var bytes = File.ReadAllBytes(packed);
            root.Write($"half-{program}.ko{Path.GetExtension(packed)}", bytes[..(bytes.Length / 2)]);
            root.Write($"named-{program}.ko", bytes);
        }
        root.Write("unpacked-xz.ko.xz", symbols).Write("unpacked-zstd.ko.zst", symbols);
        root.Write("words.ko.xz", "no module");
        Directory.CreateDirectory($"{root.Directory}/directory.ko");
        File.CreateSymbolicLink($"{root.Directory}/link.ko", "symbols.ko");
        File.CreateSymbolicLink($"{root.Directory}/dangling.ko", "nowhere.ko");
        return root;
    }

    static ModuleRoot Cycle() => new ModuleRoot()
        .Write("kernel/a.ko", new TestModule { Exports = ["a1"], Needs = ["b1"] })
        .Write("kernel/b.ko", new TestModule { Exports = ["b1"], Needs = ["a1"] })
        .Write("kernel/c.ko", new TestModule { Needs = ["a1"] })
        .Write("modules.order", "").Write("modules.builtin", "").Write("modules.builtin.modinfo", "")
        .Write("modules.dep",
            "kernel/a.ko: kernel/b.ko\nkernel/b.ko: kernel/a.ko\nkernel/c.ko: kernel/a.ko kernel/b.ko\n")
        .Write("modules.alias", "alias to-a a\n").Write("modules.symbols", "");

    /// <summary>Writes indexes of the text files: depmod would leave a cycle out.</summary>
    static void Indexed(string directory)
    {
        var (dependencies, aliases) = (new IndexBuilder(), new IndexBuilder());
        foreach (var (priority, line) in File.ReadLines($"{directory}/modules.dep").Index())
            dependencies.Add(ModuleName.FromPath(line[..line.IndexOf(':')]), line, (uint)priority);
        foreach (var line in File.ReadLines($"{directory}/modules.alias").Select(line => line.Split(' ')))
            aliases.Add(line[1].Replace('-', '_'), line[2], 0);
        File.WriteAllBytes($"{directory}/modules.dep.bin", dependencies.ToBytes());
        File.WriteAllBytes($"{directory}/modules.alias.bin", aliases.ToBytes());
        foreach (var name in new[] { "symbols", "builtin", "builtin.alias" })
            File.WriteAllBytes($"{directory}/modules.{name}.bin", new IndexBuilder().ToBytes());
    }

    static ModuleRoot Weak() => new ModuleRoot()
        .Write("kernel/a.ko", new TestModule { Info = ["weakdep=b c-d", "softdep=pre: b", "weakdep="] })
        .Write("kernel/b.ko", new TestModule { Info = ["weakdep=a", "weakdep"] })
        .Write("updates/b.ko.xz", "damaged")
        .Write("modules.weakdep", "weakdep stale one\n").Write("modules.order", "kernel/b.ko\nkernel/a.ko\n")
        .Write("modules.builtin", "kernel/in.ko\n").Write("modules.builtin.modinfo", "in.alias=x\0in.weakdep=a\0")
        .Write("/conf/w.conf", "weakdep a b\nsoftdep b pre: a\nweakdep *\nweakdep\n");
}
