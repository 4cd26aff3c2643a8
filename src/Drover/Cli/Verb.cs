using Drover.Output;

namespace Drover.Cli;

/// <summary>A command line that works, and what it does.</summary>
sealed record Example(string Command, string Does);

/// <summary>One of the program's verbs: what the help tells of it, what it takes, what it does.</summary>
abstract class Verb
{
    public abstract string Name { get; }

    /// <summary>One line for the list of verbs.</summary>
    public abstract string Summary { get; }

    /// <summary>What comes behind the options in the usage line; empty for a verb that takes nothing, which the program sees to.</summary>
    public abstract string Operands { get; }

    /// <summary>What else a person should know before the options; lines of at most 100 characters.</summary>
    public abstract string Details { get; }

    public abstract IReadOnlyList<Option> Options { get; }

    public abstract IReadOnlyList<Example> Examples { get; }

    /// <summary>Does it.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    /// <exception cref="UsageException">The arguments make no sense.</exception>
    /// <exception cref="CannotException">It cannot be done here.</exception>
    public abstract int Run(Arguments arguments, Terminal terminal);
}

/// <summary>What the process ends with.</summary>
static class ExitCode
{
    public const int Ok = 0;

    /// <summary>Something of what was asked could not be done.</summary>
    public const int Failure = 1;

    /// <summary>The command line makes no sense.</summary>
    public const int Usage = 2;
}
