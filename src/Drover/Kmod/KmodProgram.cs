using Drover.CommandLine;
using Drover.Linux.Files;
using Drover.Linux.ProcFs;
using Drover.Modules;
using Drover.Text;

namespace Drover.Kmod;

/// <summary>kmod(8): <c>help</c>, <c>list</c> and <c>static-nodes</c>.</summary>
/// <param name="root">A prefix of <c>/proc</c>, <c>/sys</c> and <c>/lib/modules</c>; for tests.</param>
sealed class KmodProgram(string root = "") : KmodTool
{
    static readonly LongOption[] s_longs = [new("help", OptionValue.None, 'h'), new("version", OptionValue.None, 'V')];

    public override string Name => "kmod";

    public override string Summary => "list loaded modules, and device nodes that load a module when opened";

    public override int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        // the command's own options follow it
        var own = args.TakeWhile(arg => arg.Length > 1 && arg[0] == '-' && arg != "--").Count();
        var options = CLibrary.GetOpt(Name, args.Take(own), "hV", s_longs, terminal.Error);
        switch (options.Next())
        {
            case 'h': WriteHelp(terminal); return 0;
            case 'V': WriteVersion(terminal.Out); return 0;
            case GetOpt.Bad: return 1;
        }
        if (own < args.Count && args[own] == "--")
            own++;
        if (own == args.Count)
            return Refuse("missing command", terminal);
        var rest = args.Skip(own + 1).ToList();
        switch (args[own])
        {
            case "help": WriteHelp(terminal); return 0;
            case "list": return new LsmodTool(root).Run(rest, "list", Name, terminal);
            case "static-nodes": return new StaticNodes(root).Run(rest, terminal);
            case var unknown: return Refuse($"invalid command '{unknown}'", terminal);
        }
    }

    static int Refuse(string why, Terminal terminal)
    {
        terminal.Error.WriteLine(why);
        WriteHelp(terminal);
        return 1;
    }

    static void WriteHelp(Terminal terminal) => terminal.Out.WriteLine("""
        kmod - Manage kernel modules: list, load, unload, etc
        Usage:
        	kmod [options] command [command_options]

        Options:
        	-V, --version     show version
        	-h, --help        show this help

        Commands:
          help         show help message
          list         list currently loaded modules
          static-nodes output the static-node information installed with the currently running kernel

        kmod also handles gracefully if called from following symlinks:
          lsmod        compat lsmod command
          rmmod        compat rmmod command
          insmod       compat insmod command
          modinfo      compat modinfo command
          modprobe     compat modprobe command
          depmod       compat depmod command
        """);
}

/// <summary>kmod static-nodes: the device nodes of modules.devname, which load a module when opened.</summary>
/// <param name="root">A prefix of <c>/lib/modules</c>; for tests.</param>
sealed class StaticNodes(string root = "")
{
    const string Name = "static-nodes";

    static readonly LongOption[] s_longs =
    [
        new("output", OptionValue.Required, 'o'), new("format", OptionValue.Required, 'f'),
        new("help", OptionValue.None, 'h'),
    ];

    static readonly Dictionary<string, Func<DeviceNode, string>> s_formats = new(StringComparer.Ordinal)
    {
        ["human"] = node =>
            $"Module: {node.Module}\n\tDevice node: /dev/{node.Path}\n"
            + $"\t\tType: {(node.Type == 'c' ? "character" : "block")} device\n"
            + $"\t\tMajor: {node.Major}\n\t\tMinor: {node.Minor}\n",
        // a directory may be listed more than once, which systemd-tmpfiles accepts
        ["tmpfiles"] = node =>
            (node.Path.LastIndexOf('/') is >= 0 and var end ? $"d /dev/{node.Path[..end]} 0755 - - -\n" : "")
            + $"{node.Type}! /dev/{node.Path} 0600 - - - {node.Major}:{node.Minor}\n",
        ["devname"] = node => $"{node.Module} {node.Path} {node.Type}{node.Major}:{node.Minor}\n",
    };

    const string Help = """
        Usage:
        	kmod static-nodes [options]

        kmod static-nodes outputs the static-node information of the currently running kernel.

        Options:
        	-f, --format=FORMAT  choose format to use: see "Formats"
        	-o, --output=FILE    write output to file
        	-h, --help           show this help

        Formats:
        	human        (default) a human readable format. Do not parse.
        	tmpfiles     the tmpfiles.d(5) format used by systemd-tmpfiles.
        	devname      the modules.devname format.
        """;

    public int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        string? output = null;
        var format = s_formats["human"];
        // as kmod: options end at the first operand
        var options = CLibrary.GetOpt(Name, args, "+o:f:h", s_longs, terminal.Error);
        for (int option; (option = options.Next()) != GetOpt.End;)
        {
            switch (option)
            {
                case 'o': output = options.Value; break;
                case 'f' when s_formats.TryGetValue(options.Value!, out var known): format = known; break;
                case 'f':
                    terminal.Error.WriteLine($"Unknown format: '{options.Value}'.");
                    terminal.Out.WriteLine(Help);
                    return 1;
                case 'h': terminal.Out.WriteLine(Help); return 0;
                default: return 1;
            }
        }

        var path = $"{ModuleSource.DirectoryOf(root, Machine.KernelRelease())}/modules.devname";
        if (!SystemFiles.Current.IsFile(path))
        {
            // not an error: the kernel has no such modules
            terminal.Error.WriteLine($"Warning: {path[root.Length..]} not found - ignoring");
            return 0;
        }
        return Write(ByteText.Of(SystemFiles.Current.ReadRegular(path)), format, output, terminal);
    }

    static int Write(string devname, Func<DeviceNode, string> format, string? output, Terminal terminal)
    {
        using var file = output is null ? null : Create(output, terminal);
        if (output is not null && file is null)
            return 1;
        var exit = 0;
        foreach (var line in Lines(devname))
        {
            if (line[0] == '#')
                continue;
            if (!DeviceNode.TryParse(line, out var node))
            {
                terminal.Error.Write($"Error: invalid devname entry: {line}");
                exit = 1;
                continue;
            }
            if (file is null)
                terminal.Out.Write(format(node));
            else
                file.Write(ByteText.BytesOf(format(node)));
        }
        return exit;
    }

    /// <summary>The lines, each with its newline if it has one.</summary>
    static IEnumerable<string> Lines(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf('\n', at) is >= 0 and var newline ? newline + 1 : text.Length;
            yield return text[at..end];
            at = end;
        }
    }

    /// <summary>Creates the file and its directories; null after a failure, which is reported.</summary>
    static FileStream? Create(string path, Terminal terminal)
    {
        var parent = path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : null;
        if (parent is not null)
        {
            try
            {
                SystemFiles.Current.CreateDirectories(parent);
            }
            catch (Exception problem) when (StrError.Of(problem) is { } why)
            {
                terminal.Error.WriteLine($"Error: could not create parent directory for {path} - {why}.");
                return null;
            }
        }
        try
        {
            return new FileStream(LinuxFiles.Create(path), FileAccess.Write, bufferSize: 0);
        }
        catch (Exception problem) when (StrError.Of(problem) is { } why)
        {
            terminal.Error.WriteLine($"Error: could not create {path} - {why}");
            return null;
        }
    }
}

/// <summary>A line of modules.devname: a device node that exists before its driver is loaded.</summary>
/// <param name="Module">The driver.</param>
/// <param name="Path">Below <c>/dev</c>.</param>
/// <param name="Type"><c>c</c> or <c>b</c>.</param>
readonly record struct DeviceNode(string Module, string Path, char Type, uint Major, uint Minor)
{
    const string Blanks = " \t\n\v\f\r";

    /// <summary><c>MODULE PATH cMAJOR:MINOR</c> as with sscanf(3): any blanks, and any text after it.</summary>
    public static bool TryParse(string line, out DeviceNode node)
    {
        var at = 0;
        var module = Word(line, ref at);
        var path = Word(line, ref at);
        SkipBlanks(line, ref at);
        node = default;
        if (module.Length == 0 || path.Length == 0 || at == line.Length || line[at] is not ('c' or 'b'))
            return false;
        var type = line[at++];
        if (!TryNumber(line, ref at, out var major) || at == line.Length || line[at++] != ':'
            || !TryNumber(line, ref at, out var minor))
        {
            return false;
        }

        node = new DeviceNode(module, path, type, major, minor);
        return true;
    }

    static void SkipBlanks(string line, ref int at)
    {
        while (at < line.Length && Blanks.Contains(line[at], StringComparison.Ordinal))
            at++;
    }

    static string Word(string line, ref int at)
    {
        SkipBlanks(line, ref at);
        var start = at;
        while (at < line.Length && !Blanks.Contains(line[at], StringComparison.Ordinal))
            at++;
        return line[start..at];
    }

    /// <summary>strtoul(3) cut to 32 bits: allows a sign; a number too large becomes the largest.</summary>
    static bool TryNumber(string line, ref int at, out uint number)
    {
        SkipBlanks(line, ref at);
        var negative = at < line.Length && line[at] == '-';
        if (at < line.Length && line[at] is '-' or '+')
            at++;
        var start = at;
        var value = 0UL;
        var tooLarge = false;
        for (; at < line.Length && char.IsAsciiDigit(line[at]); at++)
        {
            var digit = (ulong)(line[at] - '0');
            tooLarge |= value > (ulong.MaxValue - digit) / 10;
            value = unchecked((value * 10) + digit);
        }
        number = tooLarge ? uint.MaxValue : unchecked((uint)(negative ? 0 - value : value));
        return at > start;
    }
}
