using System.Globalization;
using Drover.Linux;
using Drover.Loading;
using Drover.Output;

namespace Drover.Kmod;

/// <summary>lsmod(8): the modules in the kernel.</summary>
/// <param name="root">Stands before <c>/proc</c> and <c>/sys</c>: another machine's, recorded.</param>
sealed class LsmodTool(string root = "") : KmodTool
{
    const int JsonOption = 0x100;

    static readonly LongOption[] s_longs =
    [
        new("syslog", OptionValue.None, 's'),
        new("verbose", OptionValue.None, 'v'),
        new("version", OptionValue.None, 'V'),
        new("help", OptionValue.None, 'h'),
        new("json", OptionValue.None, JsonOption),
    ];

    const string Help = """
        Usage:
        	lsmod [options]
        Options:
        	-s, --syslog                print to syslog, not stderr
        	-v, --verbose               enables more messages
        	    --json                  print one JSON document
        	-V, --version               show version
        	-h, --help                  show this help
        """;

    /// <inheritdoc/>
    public override string Name => "lsmod";

    /// <inheritdoc/>
    public override string Summary => "list the modules in the kernel";

    /// <inheritdoc/>
    public override int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        bool toSyslog = false, json = false;
        var options = new GetOpt(Name, args, "svVh", s_longs, terminal.Error);
        for (var option = options.Next(); option != GetOpt.End; option = options.Next())
        {
            switch (option)
            {
                case 's':
                    toSyslog = true;
                    break;
                case 'v':
                    // of a list that is whole already there is no more to tell
                    break;
                case JsonOption:
                    json = true;
                    break;
                case 'h':
                    terminal.Out.WriteLine(Help);
                    return 0;
                case 'V':
                    ToolVersion.Write(terminal.Out);
                    return 0;
                default:
                    return 1;
            }
        }
        if (options.Operands.Count > 0)
        {
            terminal.Error.WriteLine($"Usage: {Name}");
            return 1;
        }
        return List(terminal, json, toSyslog);
    }

    /// <summary>What kmod's <c>list</c> prints, too.</summary>
    /// <returns>The exit status.</returns>
    public int List(Terminal terminal, bool json = false, bool toSyslog = false)
    {
        if (LoadedModules.Read(root) is not { } modules)
        {
            // libkmod's own line, wherever the tool's goes
            terminal.Error.WriteLine("libkmod: kmod_module_new_from_loaded: could not open /proc/modules: No such file or directory");
            const string Problem = "could not get list of modules: No such file or directory";
            if (toSyslog)
                new ToolLog(Name, terminal) { ToSyslog = true }.Error(Problem);
            else
                terminal.Error.WriteLine($"Error: {Problem}");
            return 1;
        }
        if (json)
            WriteJson(modules, terminal.Out);
        else
            Write(modules, terminal.Out);
        return 0;
    }

    static void Write(IReadOnlyList<LoadedModule> modules, TextWriter writer)
    {
        writer.WriteLine("Module                  Size  Used by");
        foreach (var module in modules)
        {
            // where the kernel cannot unload it counts nobody, and kmod prints the errno for that
            var references = module.References ?? -(int)Errno.ENOENT;
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"{module.Name,-19} {module.Bytes,8}  {references}"));
            writer.WriteLine(module.Holders.Count > 0 ? $" {string.Join(',', module.Holders)}" : "");
        }
    }

    static void WriteJson(IReadOnlyList<LoadedModule> modules, TextWriter writer) => Json.WriteArray(writer, modules, (json, module) =>
    {
        json.WriteString("name", module.Name);
        json.WriteNumber("bytes", module.Bytes);
        if (module.References is { } references)
            json.WriteNumber("references", references);
        else
            json.WriteNull("references");
        json.WriteStrings("usedBy", module.Holders);
        json.WriteString("state", module.State switch { InitState.Coming => "coming", InitState.Going => "going", _ => "live" });
        json.WriteString("taints", module.Taints);
    });
}
