namespace Drover.Report;

/// <summary>A file that is none of those a report is made of; the message names file, line and field as far as they are known, and is fit to be shown.</summary>
sealed class RecordingException(string message) : Exception(message);
