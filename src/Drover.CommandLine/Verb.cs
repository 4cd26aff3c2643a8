using Drover.Linux.Files;
using Drover.Modules;
using Drover.Text;

namespace Drover.CommandLine;

/// <summary>A command line that works, and what it does.</summary>
public sealed record Example(string Command, string Does);

/// <summary>One command of the program.</summary>
public abstract class Verb
{
    public abstract string Name { get; }

    /// <summary>One line for the list of commands.</summary>
    public abstract string Summary { get; }

    /// <summary>The operands in the usage line; empty for a verb that takes none, which the program checks.</summary>
    public abstract string Operands { get; }

    /// <summary>The help's text before the options; lines of at most 100 characters.</summary>
    public abstract string Details { get; }

    public abstract IReadOnlyList<Option> Options { get; }

    public abstract IReadOnlyList<Example> Examples { get; }

    /// <exception cref="UsageException">The arguments are invalid.</exception>
    /// <exception cref="CommandException">The command failed.</exception>
    public abstract int Run(Arguments arguments, Terminal terminal);
}

/// <summary>Exit statuses of the process.</summary>
public static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The command failed, in whole or in part.</summary>
    public const int Failure = 1;

    /// <summary>The command line is invalid.</summary>
    public const int Usage = 2;

    /// <summary>Ctrl-C or SIGTERM ended the command before it was done: 128 and the number of SIGINT, as shells have
    /// it.</summary>
    public const int Interrupted = 130;
}

/// <summary>The command line is invalid; the message says why.</summary>
public sealed class UsageException(string message) : Exception(message);

/// <summary>The command failed; the message says what failed, why, and what to do.</summary>
public sealed class CommandException(string message) : Exception(message)
{
    /// <summary>The Varlink error of a daemon that refused a call; else null.</summary>
    public string? Refusal { get; init; }

    /// <summary>The error message for what a command, a disk or a machine can do wrong; null for any other exception,
    /// which is a fault of the program.</summary>
    public static string? MessageOf(Exception problem) => problem switch
    {
        CommandException or ModuleDataException => problem.Message,
        IOException or UnauthorizedAccessException => FileProblem.Describe(problem),
        OutOfMemoryException => "not enough memory",
        _ => null,
    };
}

/// <summary>Runs the verb that is the first argument, and turns errors into messages and exit codes.</summary>
/// <param name="Verbs">Its verbs, in the order of the help.</param>
public sealed record VerbProgram(IReadOnlyList<Verb> Verbs, Func<string> Help)
{
    public const string UsualName = "drover";

    /// <summary>The name by which it was run: help texts and hints name its verbs by it.</summary>
    public string Name { get; init; } = UsualName;

    /// <summary>Further names to suggest for a mistyped verb: the other program's.</summary>
    public IEnumerable<string> OtherNames { get; init; } = [];

    /// <summary>The help of one of them; null for a name that has none.</summary>
    public Func<string, string?> OtherHelp { get; init; } = _ => null;

    /// <summary>Further exceptions whose message is the whole error message.</summary>
    public Func<Exception, bool> IsReported { get; init; } = _ => false;

    /// <summary>Runs one command line, without the program's name, and returns its <see cref="ExitCode"/>.</summary>
    public int Run(ReadOnlySpan<string> args, Terminal terminal)
    {
        ArgumentNullException.ThrowIfNull(terminal);
        var name = "";
        try
        {
            var exit = Run(args, terminal, ref name);
            terminal.Flush();
            return exit is ExitCode.Failure ? Failure() : exit;
        }
        catch (UsageException problem)
        {
            terminal.Warn(name.Length == 0
                ? $"{Sentence(problem.Message)} Try '{Name} --help'."
                : $"{name}: {Sentence(problem.Message)} Try '{Name} {name} --help'.");
            return ExitCode.Usage;
        }
        catch (IOException problem) when (problem.HResult == DescriptorStream.BrokenPipe)
        {
            return ExitCode.Failure; // the reader has closed the pipe: drover … | head
        }
        catch (Exception problem) when (CommandException.MessageOf(problem) is not null || IsReported(problem))
        {
            terminal.Warn(CommandException.MessageOf(problem) ?? problem.Message);
            return Failure();
        }
    }

    /// <summary>Of a command that was not done.</summary>
    static int Failure() => Interrupt.HasHappened ? ExitCode.Interrupted : ExitCode.Failure;

    int Run(ReadOnlySpan<string> args, Terminal terminal, ref string name)
    {
        if (args.IsEmpty)
            throw new UsageException("missing command");
        switch (args[0])
        {
            case "-h" or "--help" or "help":
                terminal.Out.Write(Named(args.Length == 1 ? Help() : HelpOf(args[1]) ?? throw Unknown(args[1])));
                return ExitCode.Ok;
            case "-V" or "--version":
                terminal.Out.WriteLine($"drover {ProgramVersion.Text}");
                return ExitCode.Ok;
        }
        var verb = Find(args[0]) ?? throw Unknown(args[0]);
        name = verb.Name;
        var arguments = Arguments.Parse(args[1..], [.. verb.Options, CommonOptions.Help]);
        if (arguments.Has(CommonOptions.Help))
        {
            terminal.Out.Write(Named(HelpText.For(verb)));
            return ExitCode.Ok;
        }
        if (arguments.Operands.Contains(""))
            throw new UsageException("an argument is empty");
        if (verb.Operands.Length == 0 && arguments.Operands.Count > 0)
            throw new UsageException($"unexpected argument '{arguments.Operands[0]}': it takes options only");
        return verb.Run(arguments, terminal);
    }

    /// <summary>A help text with the name of this program at its verbs; other verbs stay drover's.</summary>
    string Named(string help)
    {
        if (Name == UsualName)
            return help;
        foreach (var command in Verbs.Select(verb => verb.Name).Append("COMMAND"))
            help = help.Replace($"{UsualName} {command}", $"{Name} {command}", StringComparison.Ordinal);
        return help;
    }

    string? HelpOf(string name) => Find(name) is { } verb ? HelpText.For(verb) : OtherHelp(name);

    UsageException Unknown(string word)
    {
        if (word.StartsWith('-'))
            return new($"unknown option '{word}'{Nearest.Hint(word, ["--help", "--version"])}");
        if (OtherNames.Contains(word))
            return new($"'{word}' is a command of {UsualName}: '{UsualName} {word}'");
        return new($"unknown command '{word}'{Nearest.Hint(word, Verbs.Select(verb => verb.Name).Concat(OtherNames))}");
    }

    Verb? Find(string name) => Verbs.FirstOrDefault(verb => verb.Name == name);

    static string Sentence(string message) => message.EndsWith('?') ? message : $"{message}.";
}

public static partial class ProgramVersion
{
    /// <summary>The version and the commit it was built from: <c>0.1.0+9ae5c06…</c>.</summary>
    public static string Text => InformationalVersion;
}
