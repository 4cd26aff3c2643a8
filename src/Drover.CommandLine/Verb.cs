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
}

/// <summary>The command line is invalid; the message says why.</summary>
public sealed class UsageException(string message) : Exception(message);

/// <summary>The command failed; the message says what failed, why, and what to do.</summary>
public sealed class CommandException(string message) : Exception(message);
