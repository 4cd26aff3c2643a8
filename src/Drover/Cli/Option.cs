namespace Drover.Cli;

/// <summary>What an option's value must be.</summary>
enum ValueKind { Text, Count, Bytes }

/// <summary>An option of a verb: what it is called, and how the help tells it.</summary>
/// <param name="Name">Its long name, without the dashes.</param>
/// <param name="Help">What it does, a clause without a full stop.</param>
/// <param name="Value">What its value is called (<c>DIR</c>), or null for a switch.</param>
/// <param name="Default">What holds without it, for the help; null where that goes without saying.</param>
/// <param name="Short">Its one-letter name, or null.</param>
/// <param name="Kind">What its value must be.</param>
sealed record Option(string Name, string Help, string? Value = null, string? Default = null, char? Short = null, ValueKind Kind = ValueKind.Text);
