namespace Drover.Cli;

/// <summary>The command line makes no sense; the message says what is wrong with it.</summary>
sealed class UsageException(string message) : Exception(message);

/// <summary>What was asked cannot be done here; the message says what was asked, what is in the way, and what to do.</summary>
sealed class CannotException(string message) : Exception(message);
