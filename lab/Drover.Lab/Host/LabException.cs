namespace Drover.Lab.Host;

/// <summary>Ends the program with one message for the user and an exit code for scripts.</summary>
sealed class LabException(string message, int exitCode = LabException.FailedCode) : Exception(message)
{
    public const int FailedCode = 1, UsageCode = 2, CannotRunHereCode = 3;

    public int ExitCode { get; } = exitCode;

    /// <summary>The command line is wrong.</summary>
    public static LabException Usage(string message) => new($"{message} (see --help)", UsageCode);

    /// <summary>This machine cannot run the lab (no apt, or no root to install a tool). Tests then skip.</summary>
    public static LabException CannotRunHere(string message) => new(message, CannotRunHereCode);
}
