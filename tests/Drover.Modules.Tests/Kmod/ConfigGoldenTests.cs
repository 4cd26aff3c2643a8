namespace Drover.Modules.Tests.Kmod;

/// <summary>Configuration beside what the machine's modprobe reads out of the same files.</summary>
public class ConfigGoldenTests
{
    private const string Release = "6.1.0";

    private static readonly string[] s_linePieces =
    [
        "alias ", "options ", "blacklist ", "install ", "remove ", "include ", "nonsense ", "a-b ", "c_d ", "x* ", "[a-b]-c ", "[broken ", "]", "y=1 ", "z=\"a b\" ", "  ", "\t", "\\", "\\\n", "\\\\", "#", "\n", "\r\n",
        "alias a-1 b-2\n", "options m-1  p=1\tq\n", "blacklist b-1 rest\n", "install i-1 echo \\\n more\n", "remove r-* echo\t$CMDLINE_OPTS \n", "softdep s-1 pre: a-1 b post: c\n", "softdep s-2 post: c d\n", "softdep s-3 junk\n", "# c\n", "#\\\n",
    ];

    private static readonly string[] s_wordPieces =
    [
        "a", "b-c", "m", ".", ".", ".", "=", "=1", "\"", "\"", " ", " ", "\t", "x y", "modprobe.blacklist=", "modprobe", ",", "[", "]", "-", "q.p=\"a b\"", "\"q.p=a b\"", " mod.par=1 ", "blacklist",
    ];

    [Fact]
    public void Random_files_have_the_rules_that_modprobe_lists()
    {
        SkipWithoutModprobe();
        Random random = new(11);
        string commandLine = File.ReadAllText("/proc/cmdline");
        for (int i = 0; i < 200; i++)
        {
            using TemporaryRoot root = Tree();
            root.Write("conf/m.conf", RandomText(random, s_linePieces, 30).TrimEnd('\\'));
            root.Write("conf/M.conf", RandomText(random, s_linePieces, 10).TrimEnd('\\'));
            Assert.Equal(Listed(root, root.Path + "/conf"), Rules(root, commandLine, root.Path + "/conf"));
        }
    }

    [Fact]
    public void Random_kernel_command_lines_have_the_rules_that_modprobe_lists()
    {
        SkipWithoutModprobe();
        using TemporaryRoot root = Tree();
        root.Write("conf/m.conf", "");
        Random random = new(12);
        for (int i = 0; i < 300; i++)
        {
            string commandLine = RandomText(random, s_wordPieces, 20) + "\n";
            // kmod 30 keeps the dashes of modprobe.blacklist= (such an entry never matches), its empty names, and its quotes; we do not
            if (commandLine.Contains("modprobe.blacklist=", StringComparison.Ordinal) && (commandLine.AsSpan().ContainsAny("-\"[]") || HasEmptyName(commandLine))) continue;
            string file = root.Write("cmdline", commandLine);
            string[]? listed = ListedWithCommandLine(root, root.Path + "/conf", file);
            Assert.SkipWhen(listed is null, "bind mounts are not allowed here (unshare -m)");
            string[] rules = Rules(root, commandLine, root.Path + "/conf");
            Assert.True(rules.AsSpan().SequenceEqual(listed), $"{commandLine}modprobe lists\n{string.Join('\n', listed)}\nwe\n{string.Join('\n', rules)}");
        }
    }

    [Fact]
    public void Files_are_chosen_and_ordered_as_modprobe_does()
    {
        SkipWithoutModprobe();
        using TemporaryRoot root = Tree();
        root.Write("conf/b.conf", "blacklist b");
        root.Write("conf/B.conf", "blacklist B");
        root.Write("conf/c.alias", "blacklist alias");
        root.Write("conf/.hidden.conf", "blacklist hidden");
        root.Write("conf/n.conf", "blacklist n");
        root.Write("conf/plain", "blacklist plain");
        root.Write("conf/d.conf/inner.conf", "blacklist inner");
        root.Write("conf/x.conf.bak", "blacklist bak");
        root.Write("more/b.conf", "blacklist second_b");
        root.Write("more/_.conf", "blacklist underscore");
        root.Write("single", "blacklist single");
        root.Write($"lib/modules/{Release}/modules.softdep", "blacklist softdep");
        File.CreateSymbolicLink(root.Path + "/conf/link.conf", "b.conf");
        string[] paths = [root.Path + "/conf", root.Path + "/more", root.Path + "/single"];
        string[] listed = Listed(root, paths);
        Assert.Equal(listed, Rules(root, File.ReadAllText("/proc/cmdline"), paths));
    }

    [Fact]
    public void Names_resolve_as_modprobe_resolves_them()
    {
        SkipWithoutModprobe();
        using TemporaryRoot root = Tree();
        root.Write("conf/a.conf", """
            alias net-pf-[0-9]* ipv-6
            alias net-* second
            alias snd-pcm elsewhere
            alias [ab]-c.d dotted.name
            install only-install true
            install patt* true
            remove only-remove true
            blacklist snd-timer
            """);
        ModuleCatalog catalog = Catalog(root);
        foreach (string asked in new[]
        {
            "net-pf-10", "net-x", "snd-pcm", "snd_pcm", "snd-timer", "snd_timer.ko", "a-c.d", "b_c.d", "only-install", "only_install", "pattern", "patt*", "only-remove",
            "usb:v1234p", "usb:nothing", "symbol:snd_new", "symbol:other", "built-in", "fs-ext4", "fs", "[", "[a", "a]", "nothing", "off", "x:y", "both",
        })
        {
            ToolResult result = Tool.Try("modprobe", ["-d", root.Path, "-S", Release, "-C", root.Path + "/conf", "-R", asked]);
            Assert.Equal((asked, result.Out.TrimEnd('\n')), (asked, string.Join('\n', catalog.Resolve(asked).Modules)));
        }
    }

    [Fact]
    public void A_load_shows_the_dependencies_options_and_commands_that_modprobe_shows()
    {
        SkipWithoutModprobe();
        using TemporaryRoot root = Tree();
        root.Write("conf/a.conf", """
            alias wide* snd-pcm
            options snd-pcm x=1
            options wide* z=3
            options wide-open y=2
            options usb:v1234p w=4
            options snd  v="a b"
            options snd_pcm x=5
            softdep snd-pcm pre: fs-soft post: built-in late
            softdep snd-pcm pre: never
            install l[a]te echo $CMDLINE_OPTS
            """);
        ModuleCatalog catalog = Catalog(root);
        foreach (string asked in new[] { "wide-open", "snd-pcm", "usb:v1234p", "snd-timer", "late" })
        {
            string shown = Tool.Try("modprobe", ["-d", root.Path, "-S", Release, "-C", root.Path + "/conf", "-D", asked]).Out;
            string expected = string.Concat(catalog.Resolve(asked).Modules.Select(module => Shown(catalog, module, asked)));
            Assert.True(shown == expected, $"{asked}: modprobe shows\n{shown}we\n{expected}");
        }
    }

    /// <summary>modprobe -D for the small tree of this test: nobody there is a dependency twice.</summary>
    private static string Shown(ModuleCatalog catalog, string module, string asked)
    {
        if (catalog.Tree.Find(module) is not { } entry) return $"builtin {module}\n";
        // modprobe takes the first line alone
        SoftDependencyRule? soft = catalog.Config.SoftDependencies.FirstOrDefault(s => s.Pattern == module);
        string options = catalog.OptionsFor(module, asked);
        // a blank stands before the options of the command line, which are none here
        if (options.Length > 0) options += " ";
        string what = catalog.InstallCommandOf(module) is { } command ? $"install {command}" : $"insmod {entry.Path}";
        return $"{All(entry.Dependencies.Reverse())}{All(soft?.Pre ?? [])}{what} {options}\n{All(soft?.Post ?? [])}";

        string All(IEnumerable<string> names) => string.Concat(names.SelectMany(name => catalog.Resolve(name).Modules.Select(m => Shown(catalog, m, name))));
    }

    private static ModuleCatalog Catalog(TemporaryRoot root)
    {
        string directory = $"{root.Path}/lib/modules/{Release}";
        return new ModuleCatalog(ModuleTree.Open(directory), ModprobeConfig.Load(new ModprobeConfigSources { ExplicitPaths = [root.Path + "/conf"], ModuleDirectory = directory, CommandLine = File.ReadAllText("/proc/cmdline") }));
    }

    /// <summary>A module directory of indexes, and files that are only there.</summary>
    private static TemporaryRoot Tree()
    {
        TemporaryRoot root = new();
        string directory = $"{root.Path}/lib/modules/{Release}";
        Directory.CreateDirectory(directory);
        Write("dep", ("snd", "kernel/snd.ko:"), ("snd_timer", "kernel/snd-timer.ko:"), ("snd_pcm", "kernel/snd-pcm.ko: kernel/snd-timer.ko kernel/snd.ko"), ("soft", "kernel/soft.ko:"), ("late", "kernel/late.ko:"), ("both", "/abs/both.ko:"));
        foreach (string name in new[] { "snd", "snd-timer", "snd-pcm", "soft", "late" }) root.Write($"lib/modules/{Release}/kernel/{name}.ko", "");
        Write("alias", ("usb:v*p*", "snd_pcm"), ("fs_s*", "soft"), ("both", "soft"));
        Write("symbols", ("symbol:snd_new", "snd"));
        Write("builtin", ("built_in", ""), ("fs_ext4", ""));
        Write("builtin.alias", ("fs*", "built_in"));
        return root;

        void Write(string name, params (string Key, string Value)[] entries)
        {
            IndexBuilder builder = new();
            uint priority = 0;
            foreach ((string key, string value) in entries) builder.Add(key, value, priority++);
            File.WriteAllBytes($"{directory}/modules.{name}.bin", builder.ToBytes());
        }
    }

    private static string[] Listed(TemporaryRoot root, params string[] configs)
    {
        ToolResult result = Tool.Try("modprobe", ["-d", root.Path, "-S", Release, .. configs.SelectMany(c => new[] { "-C", c }), "-c"]);
        return Lines(result.Out);
    }

    private static string[]? ListedWithCommandLine(TemporaryRoot root, string config, string commandLine)
    {
        ToolResult result = Tool.Try("unshare", ["-m", "sh", "-c", "mount --bind \"$1\" /proc/cmdline && shift && exec modprobe \"$@\"", "sh", commandLine, "-d", root.Path, "-S", Release, "-C", config, "-c"]);
        return result.Succeeded ? Lines(result.Out) : null;
    }

    private static string[] Lines(string listed) =>
        listed[..listed.IndexOf("\n# End of configuration files", StringComparison.Ordinal)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Comparable).ToArray();

    private static string[] Rules(TemporaryRoot root, string commandLine, params string[] configs)
    {
        ModprobeConfig config = ModprobeConfig.Load(new ModprobeConfigSources { ExplicitPaths = configs, ModuleDirectory = $"{root.Path}/lib/modules/{Release}", CommandLine = commandLine });
        IEnumerable<string> rules =
        [
            .. config.Blacklist.Select(r => $"blacklist {r.Module}"),
            .. config.InstallCommands.Select(r => $"install {r.Pattern} {r.Command}"),
            .. config.RemoveCommands.Select(r => $"remove {r.Pattern} {r.Command}"),
            .. config.Aliases.Select(r => $"alias {r.Pattern} {r.Module}"),
            .. config.Options.Select(r => $"options {r.Module} {r.Options}"),
            .. config.SoftDependencies.Select(r => $"softdep {r.Pattern} {List("pre:", r.Pre)} {List("post:", r.Post)}"),
        ];
        return rules.Select(Comparable).ToArray();

        static string List(string name, IReadOnlyList<string> modules) => modules.Count == 0 ? "" : $"{name} {string.Join(' ', modules)}";
    }

    /// <summary>Of a softdep only the words: modprobe's blanks between them are not always there.</summary>
    private static string Comparable(string line) => !line.StartsWith("softdep ", StringComparison.Ordinal)
        ? line
        : string.Join(' ', line.Replace("post:", " post: ", StringComparison.Ordinal).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static bool HasEmptyName(string commandLine) => commandLine.Split((char[]?)null).Any(word =>
        word.IndexOf("blacklist=", StringComparison.Ordinal) is int at and >= 0 && word[(at + 10)..].Split(',').Any(name => name.Length == 0));

    private static string RandomText(Random random, string[] pieces, int most) => string.Concat(Enumerable.Range(0, random.Next(most + 1)).Select(_ => pieces[random.Next(pieces.Length)]));

    private static void SkipWithoutModprobe()
    {
        ToolResult version = Tool.Try("modprobe", ["--version"]);
        Assert.SkipUnless(version.Out.StartsWith("kmod version ", StringComparison.Ordinal), "kmod's modprobe is not here: apt-get install kmod");
    }
}
