using System.Globalization;
using Drover.CommandLine;
using Drover.Kernel;
using Drover.Linux.ProcFs;
using Drover.Text;

namespace Drover.Kmod;

/// <summary>lsmod(8): the loaded modules.</summary>
/// <param name="root">A prefix of <c>/proc</c> and <c>/sys</c>; for tests.</param>
sealed class LsmodTool(string root = "") : KmodTool
{
    const int JsonOption = 0x100;

    static readonly LongOption[] s_longs =
    [
        new("syslog", OptionValue.None, 's'), new("verbose", OptionValue.None, 'v'),
        new("version", OptionValue.None, 'V'), new("help", OptionValue.None, 'h'),
        new("json", OptionValue.None, JsonOption),
    ];

    const string Help = """
         [options]
        Options:
        	-s, --syslog                print to syslog, not stderr
        	-v, --verbose               enables more messages
        	    --json                  print one JSON document
        	-V, --version               show version
        	-h, --help                  show this help
        """;

    public override string Name => "lsmod";

    public override string Summary => "list the loaded modules";

    public override int Run(IReadOnlyList<string> args, Terminal terminal) => Run(args, Name, Name, terminal);

    /// <summary>Also <c>kmod list</c>.</summary>
    /// <param name="command">The name in messages about options.</param>
    /// <param name="program">The name in all other messages.</param>
    public int Run(IReadOnlyList<string> args, string command, string program, Terminal terminal)
    {
        bool toSyslog = false, json = false;
        // kmod's own getopt(3) loop ends at the first operand, which holds for its commands, too
        var letters = command == program ? "svVh" : "+svVh";
        var options = CLibrary.GetOpt(command, args, letters, s_longs, terminal.Error);
        for (int option; (option = options.Next()) != GetOpt.End;)
        {
            switch (option)
            {
                case 's': toSyslog = true; break;
                case 'v':
                    break; // as kmod: no effect on the list
                case JsonOption: json = true; break;
                case 'h': terminal.Out.WriteLine($"Usage:\n\t{program}{Help}"); return 0;
                case 'V': WriteVersion(terminal.Out); return 0;
                default: return 1;
            }
        }
        var log = new ToolLog(program, terminal) { ToSyslog = toSyslog };
        if (options.Operands.Count > 0)
        {
            log.Error("too many arguments provided.");
            return 1;
        }
        if (LoadedModules.Read(root) is not { } modules)
        {
            log.Error("could not open /proc/modules: No such file or directory");
            log.Error("could not get list of modules: No such file or directory");
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
            // a kernel without module unloading has no reference counts; kmod prints the errno instead
            var references = module.References ?? -(int)Errno.ENOENT;
            writer.Write(
                string.Create(CultureInfo.InvariantCulture, $"{module.Name,-19} {module.Bytes,8}  {references}"));
            writer.WriteLine(module.Holders.Count > 0 ? $" {string.Join(',', module.Holders)}" : "");
        }
    }

    static void WriteJson(IReadOnlyList<LoadedModule> modules, TextWriter writer) =>
        Json.WriteArray(writer, modules, (json, module) =>
    {
        json.WriteString("name", module.Name);
        json.WriteNumber("bytes", module.Bytes);
        if (module.References is { } references)
            json.WriteNumber("references", references);
        else
            json.WriteNull("references");
        json.WriteStrings("usedBy", module.Holders);
        json.WriteString("state", module.State switch
        {
            InitState.Coming => "coming",
            InitState.Going => "going",
            _ => "live"
        });
        json.WriteString("taints", module.Taints);
    });
}
