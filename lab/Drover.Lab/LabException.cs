namespace Drover.Lab;

/// <summary>Ends the program with one sentence for the user. <see cref="ExitCode"/> tells a script what kind of end it was.</summary>
sealed class LabException(string message, int exitCode = LabException.Failed) : Exception(message)
{
    /// <summary>A run did not finish: the guest hung, or gave no result.</summary>
    public const int Failed = 1;

    /// <summary>The command line was wrong.</summary>
    public const int Usage = 2;

    /// <summary>This machine cannot run the lab (no root to install what is missing, no apt): a test counts it as skipped.</summary>
    public const int CannotRunHere = 3;

    public int ExitCode { get; } = exitCode;
}
