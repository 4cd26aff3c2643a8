using Drover.Linux;
using Drover.Modules;
using Drover.Output;

namespace Drover.Kmod;

/// <summary>kmod static-nodes: the device nodes that load a module when they are opened, out of modules.devname, for whoever makes them at boot.</summary>
/// <param name="root">Stands before <c>/lib/modules</c>: another machine's.</param>
sealed class StaticNodes(string root = "")
{
    const string Name = "static-nodes";

    static readonly LongOption[] s_longs = [new("output", OptionValue.Required, 'o'), new("format", OptionValue.Required, 'f'), new("help", OptionValue.None, 'h')];

    static readonly Dictionary<string, Func<DeviceNode, string>> s_formats = new(StringComparer.Ordinal)
    {
        ["human"] = node => $"Module: {node.Module}\n\tDevice node: /dev/{node.Path}\n\t\tType: {(node.Type == 'c' ? "character" : "block")} device\n\t\tMajor: {node.Major}\n\t\tMinor: {node.Minor}\n",
        // a directory that is wanted twice is told twice: systemd-tmpfiles does not mind
        ["tmpfiles"] = node =>
            (node.Path.LastIndexOf('/') is >= 0 and var end ? $"d /dev/{node.Path[..end]} 0755 - - -\n" : "") + $"{node.Type}! /dev/{node.Path} 0600 - - - {node.Major}:{node.Minor}\n",
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

    /// <summary>Does it.</summary>
    /// <returns>The exit status.</returns>
    public int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        string? output = null;
        var format = s_formats["human"];
        // options end at the first operand: kmod's own order, which getopt(3) keeps
        var options = new GetOpt(Name, args, "+o:f:h", s_longs, terminal.Error);
        for (var option = options.Next(); option != GetOpt.End; option = options.Next())
        {
            switch (option)
            {
                case 'o':
                    output = options.Value;
                    break;
                case 'f' when s_formats.TryGetValue(options.Value!, out var known):
                    format = known;
                    break;
                case 'f':
                    terminal.Error.WriteLine($"Unknown format: '{options.Value}'.");
                    terminal.Out.WriteLine(Help);
                    return 1;
                case 'h':
                    terminal.Out.WriteLine(Help);
                    return 0;
                default:
                    return 1;
            }
        }

        var path = $"{root}/lib/modules/{Machine.KernelRelease()}/modules.devname";
        if (!File.Exists(path))
        {
            // a kernel without modules that wait for a device has nothing to tell
            terminal.Error.WriteLine($"Warning: {path[root.Length..]} not found - ignoring");
            return 0;
        }
        return Write(RawText.Of(File.ReadAllBytes(path)), format, output, terminal);
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
                terminal.Error.Write($"Error: invalid devname entry: {RawText.Decode(line)}");
                exit = 1;
            }
            else if (file is null)
            {
                terminal.WriteRaw(format(node));
            }
            else
            {
                file.Write(RawText.BytesOf(format(node)));
            }
        }
        return exit;
    }

    /// <summary>The lines, each with its newline where it has one.</summary>
    static IEnumerable<string> Lines(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf('\n', at) is >= 0 and var newline ? newline + 1 : text.Length;
            yield return text[at..end];
            at = end;
        }
    }

    /// <summary>The file with the directories it lies in, or null when that has been complained of.</summary>
    static FileStream? Create(string path, Terminal terminal)
    {
        var parent = path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : null;
        if (parent is not null)
        {
            try
            {
                Directory.CreateDirectory(parent);
            }
            catch (Exception problem) when (WhyNot(problem) is { } why)
            {
                terminal.Error.WriteLine($"Error: could not create parent directory for {path} - {why}.");
                return null;
            }
        }
        try
        {
            if (path.Length == 0)
                throw new FileNotFoundException();
            return File.Create(path);
        }
        catch (Exception problem) when (WhyNot(problem) is { } why)
        {
            terminal.Error.WriteLine($"Error: could not create {path} - {(Directory.Exists(path) ? "Is a directory" : why)}");
            return null;
        }
    }

    static string? WhyNot(Exception problem) => problem switch
    {
        FileNotFoundException or DirectoryNotFoundException => "No such file or directory",
        UnauthorizedAccessException => "Permission denied",
        IOException => "Input/output error",
        _ => null,
    };
}
