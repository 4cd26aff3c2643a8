using Drover.CommandLine;
using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Tree;
using Drover.Text;

namespace Drover.Kmod;

/// <summary>modinfo(8): information about modules.</summary>
sealed class ModinfoTool : KmodTool
{
    const int JsonOption = 0x100;

    static readonly LongOption[] s_longs =
    [
        new("author", OptionValue.None, 'a'), new("description", OptionValue.None, 'd'),
        new("license", OptionValue.None, 'l'), new("parameters", OptionValue.None, 'p'),
        new("filename", OptionValue.None, 'n'), new("null", OptionValue.None, '0'),
        new("modname", OptionValue.None, 'm'), new("field", OptionValue.Required, 'F'),
        new("set-version", OptionValue.Required, 'k'), new("basedir", OptionValue.Required, 'b'),
        new("version", OptionValue.None, 'V'), new("help", OptionValue.None, 'h'),
        new("json", OptionValue.None, JsonOption, IsExact: true),
    ];

    const string Help = """
        Usage:
        	modinfo [options] <modulename|filename> [args]
        Options:
        	-a, --author                Print only 'author'
        	-d, --description           Print only 'description'
        	-l, --license               Print only 'license'
        	-p, --parameters            Print only 'parm'
        	-n, --filename              Print only 'filename'
        	-0, --null                  Use \0 instead of \n
        	-m, --modname               Handle argument as module name instead of alias or filename
        	-F, --field=FIELD           Print only provided FIELD
        	-k, --set-version=VERSION   Use VERSION instead of `uname -r`
        	-b, --basedir=DIR           Use DIR as filesystem root for /lib/modules
        	    --json                  Print one JSON document
        	-V, --version               Show version
        	-h, --help                  Show this help
        """;

    public override string Name => "modinfo";

    public override string Summary => "show information about a module";

    public override int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        string? field = null, release = null, root = null;
        var separator = '\n';
        bool byName = false, json = false;
        var options = CLibrary.GetOpt(Name, args, "adlpn0mF:k:b:Vh", s_longs, terminal.Error);
        for (int option; (option = options.Next()) != GetOpt.End;)
        {
            switch (option)
            {
                case 'a': field = "author"; break;
                case 'd': field = "description"; break;
                case 'l': field = "license"; break;
                case 'p': field = "parm"; break;
                case 'n': field = ModuleText.FileName; break;
                case '0': separator = '\0'; break;
                case 'm': byName = true; break;
                case 'F': field = options.Value; break;
                case 'k': release = options.Value; break;
                case 'b': root = options.Value; break;
                case JsonOption: json = true; break;
                case 'h': terminal.Out.WriteLine(Help); return 0;
                case 'V': WriteVersion(terminal.Out); return 0;
                default: return 1;
            }
        }

        var log = new ToolLog(Name, terminal);
        if (options.Operands.Count == 0)
        {
            log.Error("missing module or filename.");
            return 1;
        }
        var finder = new ModuleFinder(root, release, byName, log);
        var isAllFound = true;
        var documents = new List<ModuleText>();
        foreach (var operand in options.Operands)
        {
            var modules = finder.Find(operand);
            isAllFound &= modules.Count > 0;
            foreach (var module in modules)
            {
                var text = new ModuleText(module, field, log);
                if (json)
                    documents.Add(text);
                else
                    terminal.Out.Write(text.Write(separator));
                isAllFound &= text.IsComplete;
            }
        }
        if (json)
            Json.WriteArray(terminal.Out, documents, (writer, text) => text.WriteMembers(writer));
        return isAllFound ? 0 : 1;
    }
}

/// <param name="Name">Normalised name.</param>
/// <param name="Path">Its file; null for a built-in module, or one that only an alias names.</param>
/// <param name="File">Where to read it (<see cref="ModuleEntry.File"/>).</param>
/// <param name="BuiltInInfo">The file about built-in modules; null if there is a <paramref name="Path"/>.</param>
sealed record ModinfoSubject(string Name, string? Path, string? File, string? BuiltInInfo = null);

/// <summary>Finds modinfo's modules by file, alias or name. Opens the module directory at the first use.</summary>
/// <param name="root">A prefix of <c>/lib/modules</c>, or null.</param>
/// <param name="release">The kernel version, or null for the running kernel's.</param>
/// <param name="byName">Arguments are module names, never aliases or files.</param>
sealed class ModuleFinder(string? root, string? release, bool byName, ToolLog log)
{
    readonly Lazy<ModuleCatalog?> _catalog = new(() => Open(root, release), LazyThreadSafetyMode.None);

    /// <summary>The modules of one argument; reports an error if there are none.</summary>
    public IReadOnlyList<ModinfoSubject> Find(string argument)
    {
        if (byName)
            return FindNamed(argument, ModuleName.Normalize(argument));
        if (ModuleName.IsFileName(argument) && SystemFiles.Current.KindOf(argument) is FileKind.Regular)
            return [new ModinfoSubject(ModuleName.FromPath(argument), LinuxPath.Absolute(argument), argument)];
        var isAlias = ModuleName.TryNormalizeAlias(argument, out _);
        var modules = isAlias && _catalog.Value is { } catalog ? catalog.Resolve(argument).Modules : [];
        if (modules.Count == 0)
            log.Error($"Module {(isAlias ? "" : "alias ")}{argument} not found.");
        return [.. modules.Select(Locate)];
    }

    // as kmod_module_new_from_name_lookup: modules.dep, built-in modules and their aliases, no other aliases
    IReadOnlyList<ModinfoSubject> FindNamed(string argument, string name)
    {
        if (_catalog.Value?.Tree is { } tree)
        {
            if ((!name.Contains(':', StringComparison.Ordinal) && tree.Find(name) is not null) || tree.IsBuiltIn(name))
                return [Locate(name)];
            if (tree.MatchBuiltInAliases(name) is { Count: > 0 } byAlias)
                return [Locate(byAlias[0])];
        }
        log.Error($"Module name {argument} not found.");
        return [];
    }

    ModinfoSubject Locate(string name)
    {
        var tree = _catalog.Value!.Tree;
        var entry = tree.Find(name);
        var builtIn = entry is null ? RootedPath.Find(RootOf(root), $"{tree.Directory}/modules.builtin.modinfo") : null;
        return new ModinfoSubject(name, entry?.Path, entry?.File, builtIn);
    }

    static string? RootOf(string? root) => root is null ? null : LinuxPath.Absolute(root);

    static ModuleCatalog? Open(string? root, string? release)
    {
        var directory = ModuleSource.DirectoryOf(root, release ?? Machine.KernelRelease());
        // without modprobe.d: only the aliases of the modules themselves
        return SystemFiles.Current.IsDirectory(RootedPath.Find(root, directory))
            ? new ModuleCatalog(ModuleTrees.Open(LinuxPath.Absolute(directory), RootOf(root)), ModprobeConfig.Empty)
            : null;
    }
}
