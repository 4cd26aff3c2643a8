using Drover.Linux.Files;
using Drover.Modules.Config;
using Drover.Modules.Depmod;
using Drover.Modules.Index;
using Drover.Modules.Tree;
using Drover.Text;

namespace Drover.Fuzz;

/// <summary>Files of a module directory, and configuration.</summary>
static class TreeTargets
{
    /// <summary>A line to look up, then the index.</summary>
    public static void Index(byte[] input)
    {
        var end = input.AsSpan().IndexOf((byte)'\n');
        var key = ByteText.Of(input.AsSpan(0, Math.Max(end, 0)));
        if (FuzzTarget.Read(() => new IndexTrie(input.AsMemory(end + 1), "modules.bin")) is not { } index)
            return;
        FuzzTarget.Read(() => index.Find(key) ?? "");
        FuzzTarget.Read(() => index.Match(key));
        FuzzTarget.Read(() => $"{index.Entries().Count()}");
        IndexDump(input, index);
    }

    /// <summary>A letter for the file, then its text.</summary>
    public static void Tables(byte[] input)
    {
        if (input.Length == 0)
            return;
        var directory = Directory.CreateDirectory(Scratch.Path("modules")).FullName;
        string[] names =
            ["modules.dep", "modules.alias", "modules.symbols", "modules.builtin", "modules.builtin.modinfo"];
        var name = names[input[0] % names.Length];
        Scratch.Write($"modules/{name}", input.AsSpan(1));
        var tree = ModuleTree.Open(directory);
        FuzzTarget.Read(() => tree.Find("a")?.Path ?? "");
        FuzzTarget.Read(() => tree.MatchAliases("pci:v1d2sv3"));
        FuzzTarget.Read(() => tree.MatchSymbols("symbol:x"));
        FuzzTarget.Read(() => $"{tree.IsBuiltIn("a")}");
        FuzzTarget.Read(() => tree.MatchBuiltInAliases("fs_ext4"));
        FuzzTarget.Read(() => BuiltInModinfo.Of(input.AsSpan(1), "a"));
        BuiltInIndexes.Aliases(input.AsSpan(1).ToArray(), (_, _) => { });
        BuiltInIndexes.Modules(input.AsSpan(1).ToArray(), (_, _) => { });
        File.Delete($"{directory}/{name}");
    }

    /// <summary>A letter for the kind, then the text.</summary>
    public static void Config(byte[] input)
    {
        if (input.Length == 0)
            return;
        var text = input.AsSpan(1).ToArray();
        switch (input[0] % 5)
        {
            case 0:
                Ask(ModprobeConfig.Parse(ByteText.Of(text)));
                break;
            case 1:
                Ask(ModprobeConfig.Parse("", commandLine: ByteText.Of(text)));
                ModulesLoadConfig.Load(Scratch.Path("none"), ByteText.Of(text), isInitramfs: true);
                break;
            case 2:
                ModulesLoadConfig.Load("/", null, false, [Scratch.Write("a.conf", text)]);
                break;
            case 3:
                Directory.CreateDirectory(Scratch.Path("etc/drover/policy.d"));
                Scratch.Write("etc/drover/policy.d/a.conf", text);
                var policy = ModulePolicy.Load(new PolicySources { Root = Scratch.Path("") });
                _ = policy?.Lines.Count;
                break;
            default:
                var file = Scratch.Write("depmod.conf", text);
                DepmodConfig.Load([file], "6.1.0-test", new DepmodMachine(), new Silence());
                break;
        }
    }

    static void IndexDump(byte[] input, IndexTrie index)
    {
        // an index in a file is read in blocks
        var path = Scratch.Write("modules.bin", input.AsSpan(input.AsSpan().IndexOf((byte)'\n') + 1));
        var inMemory = FuzzTarget.Read(() => index.Match("pci:v1d2"));
        var inFile = FuzzTarget.Read(() => IndexTrie.Load(path).Match("pci:v1d2"));
        if ((inMemory is null) != (inFile is null) || inMemory?.SequenceEqual(inFile!) == false)
            throw new FuzzFault("the index in a file gives other modules than the same in memory");
    }

    static void Ask(ModprobeConfig config)
    {
        var catalog = new ModuleCatalog(ModuleTree.FromTables("/m", IndexTrie.Empty, IndexTrie.Empty), config);
        foreach (var name in (string[])["net-pf-10", "foo", "pci:v1d2", "[", "a\0"])
        {
            foreach (var module in catalog.Resolve(name).Modules)
                catalog.OptionsOf(module, name);
            catalog.SoftDependenciesOf(name);
            catalog.InstallCommandOf(name);
        }
    }

    sealed class Silence : IDepmodReport
    {
        public bool IsVerbose => false;

        public void Log(DepmodSeverity severity, string message)
        {
        }

        public void Show(string line)
        {
        }
    }
}
