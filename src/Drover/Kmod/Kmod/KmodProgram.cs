using Drover.Output;

namespace Drover.Kmod;

/// <summary>kmod(8): <c>help</c>, <c>list</c> and <c>static-nodes</c>. The other tools go by their own names, not behind this one's, as with kmod.</summary>
/// <param name="root">Stands before <c>/proc</c>, <c>/sys</c> and <c>/lib/modules</c>: another machine's, recorded.</param>
sealed class KmodProgram(string root = "") : KmodTool
{
    static readonly LongOption[] s_longs = [new("help", OptionValue.None, 'h'), new("version", OptionValue.None, 'V')];

    /// <inheritdoc/>
    public override string Name => "kmod";

    /// <inheritdoc/>
    public override string Summary => "list modules in the kernel, and the device nodes that load one when opened";

    /// <inheritdoc/>
    public override int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        // options end at the command, whose own ones follow it
        var own = args.TakeWhile(arg => arg.Length > 1 && arg[0] == '-' && arg != "--").Count();
        var options = new GetOpt(Name, args.Take(own), "hV", s_longs, terminal.Error);
        switch (options.Next())
        {
            case 'h':
                WriteHelp(Name, terminal);
                return 0;
            case 'V':
                ToolVersion.Write(terminal.Out);
                return 0;
            case GetOpt.Bad:
                return 1;
        }
        if (own < args.Count && args[own] == "--")
            own++;
        if (own == args.Count)
            return Refuse("missing command", terminal);
        var rest = args.Skip(own + 1).ToList();
        switch (args[own])
        {
            case "help":
                WriteHelp("help", terminal);
                return 0;
            case "list" when rest.Count > 0:
                terminal.Error.WriteLine("Usage: list");
                return 1;
            case "list":
                return new LsmodTool(root).List(terminal);
            case "static-nodes":
                return new StaticNodes(root).Run(rest, terminal);
            case var unknown:
                return Refuse($"invalid command '{unknown}'", terminal);
        }
    }

    int Refuse(string why, Terminal terminal)
    {
        terminal.Error.WriteLine(why);
        WriteHelp(Name, terminal);
        return 1;
    }

    /// <param name="program">As kmod names itself here: its command 'help' calls itself by that.</param>
    static void WriteHelp(string program, Terminal terminal) => terminal.Out.WriteLine($"""
        kmod - Manage kernel modules: list, load, unload, etc
        Usage:
        	{program} [options] command [command_options]

        Options:
        	-V, --version     show version
        	-h, --help        show this help

        Commands:
          help         Show help message
          list         list currently loaded modules
          static-nodes outputs the static-node information installed with the currently running kernel

        kmod also handles gracefully if called from following symlinks:
          lsmod        compat lsmod command
          rmmod        compat rmmod command
          insmod       compat insmod command
          modinfo      compat modinfo command
          modprobe     compat modprobe command
          depmod       compat depmod command
        """);
}
