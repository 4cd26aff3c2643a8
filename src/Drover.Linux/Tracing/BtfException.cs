namespace Drover.Linux.Tracing;

/// <summary>A BTF file that is not well-formed; the message says what is wrong, and at which byte where there is one.</summary>
public sealed class BtfException(string message) : Exception(message);
