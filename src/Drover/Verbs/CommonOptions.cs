using Drover.Cli;
using Drover.Linux.Control;

namespace Drover.Verbs;

/// <summary>Options that mean the same in every verb that has them.</summary>
static class CommonOptions
{
    /// <summary>Every verb has it, and need not say so.</summary>
    public static readonly Option Help = new("help", "this text", Short: 'h');

    public static readonly Option Root = new("root", "a root file system: its lib/modules, etc/modprobe.d, …", "DIR", "/", 'r');

    public static readonly Option Release = new("release", "the kernel whose modules are meant", "VERSION", "the running one's, or the only one there is", 'k');

    public static readonly Option Json = new("json", "one JSON document instead of text");

    public static readonly Option Verbose = new("verbose", "say more", Short: 'v');

    public static readonly Option Quiet = new("quiet", "say only what went wrong", Short: 'q');

    public static readonly Option DryRun = new("dry-run", "load nothing; print the plan: what, why, in which order", Short: 'n');

    public static readonly Option Socket = new("socket", "the daemon's control socket", "PATH", ControlSocket.DefaultPath);

    public static readonly Option Jobs = new("jobs", "most loads at the same time", "N", "the CPUs, at most 16", 'j', ValueKind.Count);

    public static readonly Option Budget = new("budget", "most memory that loads in flight may take", "SIZE", "the smaller of 256M and a quarter of what is available", Kind: ValueKind.Bytes);
}
