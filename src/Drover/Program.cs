using Drover.Cli;
using Drover.Kmod;
using Drover.Linux;
using Drover.Model;
using Drover.Modules;
using Drover.Output;
using Drover.Verbs;

namespace Drover;

/// <summary>The entry: which verb, and what the shell is told of how it went.</summary>
static class Program
{
    public static int Main(string[] args)
    {
        var terminal = Terminal.OfProcess();
        // by another name, a link, it is one of kmod's programs
        return ToolTable.Find(Path.GetFileName(Environment.GetCommandLineArgs()[0])) is { } tool ? Run(tool, args, terminal) : Run(args, terminal);
    }

    /// <summary>One command line, from its words to its exit status.</summary>
    public static int Run(ReadOnlySpan<string> args, Terminal terminal)
    {
        var verb = "";
        try
        {
            var exit = Run(args, terminal, ref verb);
            terminal.Flush();
            return exit;
        }
        catch (UsageException mistake)
        {
            terminal.Complain($"{verb}{(verb.Length > 0 ? ": " : "")}{mistake.Message} ('drover {verb}{(verb.Length > 0 ? " " : "")}--help' tells more)");
            return ExitCode.Usage;
        }
        catch (IOException gone) when (gone.HResult == DescriptorStream.BrokenPipe)
        {
            // 'drover … | head' has read enough
            return ExitCode.Failure;
        }
        catch (Exception problem) when (problem is CannotException or ModuleDataException or ScenarioException or DeadlockException or IOException or UnauthorizedAccessException)
        {
            terminal.Complain(problem.Message);
            return ExitCode.Failure;
        }
    }

    /// <summary>One of kmod's programs: whatever is wrong with its options it tells in its own words.</summary>
    static int Run(KmodTool tool, IReadOnlyList<string> args, Terminal terminal)
    {
        try
        {
            var exit = tool.Run(args, terminal);
            terminal.Flush();
            return exit;
        }
        catch (IOException gone) when (gone.HResult == DescriptorStream.BrokenPipe)
        {
            return ExitCode.Failure;
        }
        catch (Exception problem) when (problem is CannotException or ModuleDataException or IOException or UnauthorizedAccessException)
        {
            terminal.Error.WriteLine($"{tool.Name}: ERROR: {problem.Message}");
            return ExitCode.Failure;
        }
    }

    static int Run(ReadOnlySpan<string> args, Terminal terminal, ref string name)
    {
        if (args.IsEmpty)
            throw new UsageException("which verb?");
        switch (args[0])
        {
            case "-h" or "--help" or "help":
                terminal.Out.Write(args.Length > 1 && VerbTable.Find(args[1]) is { } asked ? HelpText.For(asked) : HelpText.ForProgram());
                return ExitCode.Ok;
            case "--version":
                terminal.Out.WriteLine($"drover {Version.Text}");
                return ExitCode.Ok;
        }
        if (ToolTable.Find(args[0]) is { } tool)
            return Run(tool, args[1..].ToArray(), terminal);
        var verb = VerbTable.Find(args[0])
            ?? throw new UsageException($"unknown verb '{args[0]}'{Nearest.Hint(args[0], VerbTable.All.Select(verb => verb.Name))}");
        name = verb.Name;
        var arguments = Arguments.Parse(args[1..], [.. verb.Options, CommonOptions.Help]);
        if (arguments.Has(CommonOptions.Help))
        {
            terminal.Out.Write(HelpText.For(verb));
            return ExitCode.Ok;
        }
        if (verb.Operands.Length == 0 && arguments.Operands.Count > 0)
            throw new UsageException($"takes no arguments, and got '{arguments.Operands[0]}'");
        return verb.Run(arguments, terminal);
    }
}
