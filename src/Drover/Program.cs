using Drover.Cli;
using Drover.Modules;
using Drover.Output;
using Drover.Verbs;

namespace Drover;

/// <summary>The entry: which verb, and what the shell is told of how it went.</summary>
static class Program
{
    public static int Main(string[] args)
    {
        using var terminal = Terminal.OfProcess();
        return Run(args, terminal);
    }

    /// <summary>One command line, from its words to its exit status.</summary>
    public static int Run(ReadOnlySpan<string> args, Terminal terminal)
    {
        var name = "";
        try
        {
            if (args.IsEmpty)
                throw new UsageException("which verb?");
            if (args[0] is "-h" or "--help" or "help")
            {
                terminal.Out.Write(args.Length > 1 && VerbTable.Find(args[1]) is { } asked ? HelpText.For(asked) : HelpText.ForProgram());
                return ExitCode.Ok;
            }
            if (args[0] is "--version")
            {
                terminal.Out.WriteLine($"drover {Version.Text}");
                return ExitCode.Ok;
            }
            return Run(args[0], args[1..], terminal, out name);
        }
        catch (UsageException mistake)
        {
            terminal.Complain($"{(name.Length > 0 ? $"{name}: " : "")}{mistake.Message} ('drover {(name.Length > 0 ? $"{name} " : "")}--help' tells more)");
            return ExitCode.Usage;
        }
        catch (Exception problem) when (problem is CannotException or ModuleDataException or IOException or UnauthorizedAccessException)
        {
            terminal.Complain(problem.Message);
            return ExitCode.Failure;
        }
    }

    static int Run(string word, ReadOnlySpan<string> args, Terminal terminal, out string name)
    {
        name = "";
        var verb = VerbTable.Find(word)
            ?? throw new UsageException($"unknown verb '{word}'{Nearest.Hint(word, VerbTable.All.Select(verb => verb.Name))}");
        name = verb.Name;
        if (args.ContainsAny("-h", "--help"))
        {
            terminal.Out.Write(HelpText.For(verb));
            return ExitCode.Ok;
        }
        return verb.Run(Arguments.Parse(args, verb.Options), terminal);
    }
}
