using Drover.Modules.Config;
using Drover.Modules.Index;
using Drover.Modules.Tree;

namespace Drover.Modules.Tests.Config;

/// <summary>Compares configurations with those of the machine's modprobe.</summary>
public class ConfigGoldenTests
{
    const string Release = "6.1.0";

    static readonly string[] s_linePieces =
    [
        "alias ", "options ", "blacklist ", "install ", "remove ", "include ", "nonsense ", "a-b ", "c_d ", "x* ",
        "[a-b]-c ", "[broken ", "]", "y=1 ", "z=\"a b\" ", "  ", "\t", "\\", "\\\n", "\\\\", "#", "\n", "\r\n",
        "alias a-1 b-2\n", "options m-1  p=1\tq\n", "blacklist b-1 rest\n", "install i-1 echo \\\n more\n",
        "remove r-* echo\t$CMDLINE_OPTS \n", "softdep s-1 pre: a-1 b post: c\n", "softdep s-2 post: c d\n",
        "softdep s-3 junk\n", "# c\n", "#\\\n",
    ];

    static readonly string[] s_wordPieces =
    [
        "a", "b-c", "m", ".", ".", ".", "=", "=1", "\"", "\"", " ", " ", "\t", "x y", "modprobe.blacklist=", "modprobe",
        ",", "[", "]", "-", "q.p=\"a b\"", "\"q.p=a b\"", " mod.par=1 ", "blacklist",
    ];

    [Fact]
    public void Rules_of_random_files_agree_with_modprobe()
    {
        SkipWithoutModprobe();
        Random random = new(11);
        var commandLine = File.ReadAllText("/proc/cmdline");
        for (var i = 0; i < 200; i++)
        {
            using var root = Tree();
            root.Write("conf/m.conf", RandomText(random, s_linePieces, 30).TrimEnd('\\'));
            root.Write("conf/M.conf", RandomText(random, s_linePieces, 10).TrimEnd('\\'));
            Assert.Equal(Listed(root, root.Path + "/conf"), Rules(root, commandLine, root.Path + "/conf"));
        }
    }

    [Fact]
    public void Rules_of_random_command_lines_agree_with_modprobe()
    {
        SkipWithoutModprobe();
        using var root = Tree();
        root.Write("conf/m.conf", "");
        Random random = new(12);
        for (var i = 0; i < 300; i++)
        {
            var commandLine = RandomText(random, s_wordPieces, 20) + "\n";
            // in modprobe.blacklist=, kmod 30 keeps dashes (such an entry never matches), empty names and quotes
            if (commandLine.Contains("modprobe.blacklist=", StringComparison.Ordinal)
                && (commandLine.AsSpan().ContainsAny("-\"[]") || HasEmptyName(commandLine)))
            {
                continue;
            }
            var file = root.Write("cmdline", commandLine);
            var listed = ListedWithCommandLine(root, root.Path + "/conf", file);
            Assert.SkipWhen(listed is null, "bind mounts are not allowed here (unshare -m)");
            var rules = Rules(root, commandLine, root.Path + "/conf");
            Assert.True(
                rules.AsSpan().SequenceEqual(listed),
                $"{commandLine}modprobe lists\n{string.Join('\n', listed)}\nwe\n{string.Join('\n', rules)}");
        }
    }

    [Fact]
    public void Files_are_selected_and_ordered_as_by_modprobe()
    {
        SkipWithoutModprobe();
        using var root = Tree();
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
        var listed = Listed(root, paths);
        Assert.Equal(listed, Rules(root, File.ReadAllText("/proc/cmdline"), paths));
    }

    [Fact]
    public void Resolve_agrees_with_modprobe()
    {
        SkipWithoutModprobe();
        using var root = Tree();
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
        var catalog = Catalog(root);
        foreach (var asked in new[]
        {
            "net-pf-10", "net-x", "snd-pcm", "snd_pcm", "snd-timer", "snd_timer.ko", "a-c.d", "b_c.d", "only-install",
            "only_install", "pattern", "patt*", "only-remove",
            "usb:v1234p", "usb:nothing", "symbol:snd_new", "symbol:other", "built-in", "fs-ext4", "fs", "[", "[a", "a]",
            "nothing", "off", "x:y", "both",
        })
        {
            var result = Tool.Try("modprobe", ["-d", root.Path, "-S", Release, "-C", root.Path + "/conf", "-R", asked]);
            Assert.Equal((asked, result.Out.TrimEnd('\n')), (asked, string.Join('\n', catalog.Resolve(asked).Modules)));
        }
    }

    [Fact]
    public void Dependencies_options_and_commands_agree_with_modprobe()
    {
        SkipWithoutModprobe();
        using var root = Tree();
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
        var catalog = Catalog(root);
        foreach (var asked in new[] { "wide-open", "snd-pcm", "usb:v1234p", "snd-timer", "late" })
        {
            var shown = Tool.Try("modprobe", ["-d", root.Path, "-S", Release, "-C", root.Path + "/conf", "-D",
                asked]).Out;
            var expected = string.Concat(catalog.Resolve(asked).Modules.Select(
                module => Shown(catalog, module, asked)));
            Assert.True(shown == expected, $"{asked}: modprobe shows\n{shown}we\n{expected}");
        }
    }

    /// <summary>modprobe -D for the small tree of this test, where no module is a dependency twice.</summary>
    static string Shown(ModuleCatalog catalog, string module, string asked)
    {
        if (catalog.Tree.Find(module) is not { } entry) return $"builtin {module}\n";
        // modprobe uses only the first line
        var soft = catalog.Config.SoftDependencies.FirstOrDefault(s => s.Pattern == module);
        // the alias is the pattern of a configured alias, else the normalised name
        Assert.True(ModuleName.TryNormalizeAlias(asked, out var alias));
        var rule = catalog.Resolve(asked).Rules.FirstOrDefault(rule => rule.Module == module);
        var options = catalog.OptionsOf(module, rule?.Pattern ?? alias);
        // a blank precedes the options of the command line, which are empty here
        if (options.Length > 0) options += " ";
        var what = catalog.InstallCommandOf(module) is { } command ? $"install {command}" : $"insmod {entry.Path}";
        return $"{All(entry.Dependencies.Reverse())}{All(soft?.Pre ?? [])}{what} {options}\n{All(soft?.Post ?? [])}";

        string All(IEnumerable<string> names) =>
            string.Concat(names.SelectMany(name => catalog.Resolve(name).Modules.Select(m => Shown(catalog, m, name))));
    }

    static ModuleCatalog Catalog(TemporaryRoot root)
    {
        var directory = $"{root.Path}/lib/modules/{Release}";
        return new ModuleCatalog(ModuleTree.Open(directory), ModprobeConfig.Load(new ModprobeConfigSources
        {
            ExplicitPaths = [root.Path + "/conf"],
            ModuleDirectory = directory,
            CommandLine = File.ReadAllText("/proc/cmdline"),
        }));
    }

    /// <summary>A module directory with indexes and empty module files.</summary>
    static TemporaryRoot Tree()
    {
        TemporaryRoot root = new();
        var directory = $"{root.Path}/lib/modules/{Release}";
        Directory.CreateDirectory(directory);
        Write("dep", ("snd", "kernel/snd.ko:"), ("snd_timer", "kernel/snd-timer.ko:"),
            ("snd_pcm", "kernel/snd-pcm.ko: kernel/snd-timer.ko kernel/snd.ko"), ("soft", "kernel/soft.ko:"),
            ("late", "kernel/late.ko:"), ("both", "/abs/both.ko:"));
        foreach (var name in new[] { "snd", "snd-timer", "snd-pcm", "soft", "late" })
            root.Write($"lib/modules/{Release}/kernel/{name}.ko", "");
        Write("alias", ("usb:v*p*", "snd_pcm"), ("fs_s*", "soft"), ("both", "soft"));
        Write("symbols", ("symbol:snd_new", "snd"));
        Write("builtin", ("built_in", ""), ("fs_ext4", ""));
        Write("builtin.alias", ("fs*", "built_in"));
        return root;

        void Write(string name, params (string Key, string Value)[] entries)
        {
            IndexBuilder builder = new();
            uint priority = 0;
            foreach ((var key, var value) in entries) builder.Add(key, value, priority++);
            File.WriteAllBytes($"{directory}/modules.{name}.bin", builder.ToBytes());
        }
    }

    static string[] Listed(TemporaryRoot root, params string[] configs)
    {
        var result = Tool.Try("modprobe", ["-d", root.Path, "-S", Release,
            .. configs.SelectMany(c => new[] { "-C", c }), "-c"]);
        return Lines(result.Out);
    }

    static string[]? ListedWithCommandLine(TemporaryRoot root, string config, string commandLine)
    {
        var result = Tool.Try(
            "unshare", ["-m", "sh", "-c", "mount --bind \"$1\" /proc/cmdline && shift && exec modprobe \"$@\"", "sh",
            commandLine, "-d", root.Path, "-S", Release, "-C", config, "-c"]);
        return result.Succeeded ? Lines(result.Out) : null;
    }

    static string[] Lines(string listed) =>
        listed[..listed.IndexOf("\n# End of configuration files", StringComparison.Ordinal)]
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Comparable).ToArray();

    static string[] Rules(TemporaryRoot root, string commandLine, params string[] configs)
    {
        var config = ModprobeConfig.Load(new ModprobeConfigSources
        {
            ExplicitPaths = configs,
            ModuleDirectory = $"{root.Path}/lib/modules/{Release}",
            CommandLine = commandLine,
        });
        IEnumerable<string> rules =
        [
            .. config.Blacklist.Select(r => $"blacklist {r.Module}"),
            .. config.InstallCommands.Select(r => $"install {r.Pattern} {r.Command}"),
            .. config.RemoveCommands.Select(r => $"remove {r.Pattern} {r.Command}"),
            .. config.Aliases.Select(r => $"alias {r.Pattern} {r.Module}"),
            .. config.Options.Select(r => $"options {r.Module} {r.Options}"),
            .. config.SoftDependencies.Select(
                r => $"softdep {r.Pattern} {List("pre:", r.Pre)} {List("post:", r.Post)}"),
        ];
        return rules.Select(Comparable).ToArray();

        static string List(string name, IReadOnlyList<string> modules) =>
            modules.Count == 0 ? "" : $"{name} {string.Join(' ', modules)}";
    }

    /// <summary>Reduces a softdep to its words: modprobe omits some blanks between them.</summary>
    static string Comparable(string line) => !line.StartsWith("softdep ", StringComparison.Ordinal)
        ? line
        : string.Join(' ', line.Replace("post:", " post: ", StringComparison.Ordinal)
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    static bool HasEmptyName(string commandLine) => commandLine.Split((char[]?)null).Any(word =>
        word.IndexOf("blacklist=", StringComparison.Ordinal) is int at and >= 0 && word[(at + 10)..].Split(',')
            .Any(name => name.Length == 0));

    static string RandomText(Random random, string[] pieces, int most) =>
        string.Concat(Enumerable.Range(0, random.Next(most + 1)).Select(_ => pieces[random.Next(pieces.Length)]));

    static void SkipWithoutModprobe()
    {
        var version = Tool.Try("modprobe", ["--version"]);
        Assert.SkipUnless(version.Out.StartsWith("kmod version ", StringComparison.Ordinal),
            "kmod's modprobe is not here: apt-get install kmod");
    }
}
