using Drover.Linux.Sockets;

namespace Drover.CommandLine;

/// <summary>Of a <c>Choice</c>, the option's value names the words: <c>kernel|here</c>.</summary>
public enum ValueKind { Text, Count, Bytes, Time, Choice }

/// <param name="Name">The long name, without the dashes.</param>
/// <param name="Help">What the option does: a phrase without a full stop.</param>
/// <param name="Value">The name of its value (<c>DIR</c>), or null for a switch.</param>
/// <param name="Default">The default, for the help; null if there is nothing to say.</param>
/// <param name="Short">The one-letter name, or null.</param>
/// <param name="Kind">The type of its value, checked while the command line is parsed.</param>
public sealed record Option(
    string Name, string Help, string? Value = null, string? Default = null, char? Short = null,
    ValueKind Kind = ValueKind.Text)
{
    /// <summary>Words that its value may be, or begin with, for shells to complete.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];
}

/// <summary>Options that mean the same in every verb that has them.</summary>
public static class CommonOptions
{
    /// <summary>The recording of the boot, by the unit that <c>install --watch</c> installs.</summary>
    public const string BootRecording = "/run/drover/boot.jsonl";

    /// <summary>Every verb has it, without listing it.</summary>
    public static readonly Option Help = new("help", "show this help", Short: 'h');

    public static readonly Option Root =
        new("root", "use the root file system in DIR: its lib/modules and etc/modprobe.d", "DIR", "/", 'r');

    public static readonly Option Release = new(
        "release", "use the modules of this kernel version", "VERSION", "the running kernel, or the only one in DIR",
        'k');

    public static readonly Option OverridePolicy =
        new("override-policy", "load also what the policy forbids; it is logged");

    public static readonly Option Json = new("json", "print one JSON document instead of text");

    public static readonly Option Metrics = new(
        "metrics", "write metrics for Prometheus to FILE, for node_exporter's textfile collector; - is standard output",
        "FILE");

    public static readonly Option Verbose = new("verbose", "print more details", Short: 'v');

    public static readonly Option Quiet = new("quiet", "print errors only", Short: 'q');

    public static readonly Option DryRun =
        new("dry-run", "load nothing; print which modules would be loaded, why, and in which order", Short: 'n');

    public static readonly Option Socket = new(
        "socket", "the daemon's control socket", "PATH", ControlSocket.DefaultPath);

    public static readonly Option Jobs =
        new(
            "jobs", "load at most N modules at a time; the kernel's own requests come on top", "N",
            "number of CPUs, at most 16", 'j', ValueKind.Count);

    public static readonly Option Budget = new(
        "budget", "limit the memory of loads in flight", "SIZE", "a quarter of the available memory, at most 256M",
        Kind: ValueKind.Bytes);

    public static readonly Option Stagger = new(
        "stagger", "start a load when the one before has ended, or after TIME; 0: as soon as --jobs and --budget allow",
        "TIME", "5ms", Kind: ValueKind.Time);

    public static readonly Option Decompress = new(
        "decompress", "who decompresses modules, where both can", "kernel|here", "here for .xz, with liblzma",
        Kind: ValueKind.Choice);
}
