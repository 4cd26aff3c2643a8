using Drover.Cli;
using Drover.Install;
using Drover.Output;

namespace Drover.Verbs;

/// <summary><c>drover uninstall</c>: the machine is as it was before <c>drover install</c>.</summary>
sealed class UninstallVerb : Verb
{
    static readonly Option Root = CommonOptions.Root with { Help = "the root file system that it was installed into" };

    static readonly Option DryRun = CommonOptions.DryRun with { Help = "change nothing; print what would be taken away or given back" };

    public override string Name => "uninstall";

    public override string Summary => "take back what 'drover install' has put in place";

    public override string Operands => "";

    public override string Details =>
        """
        Stops the daemon, upon which udev loads modules again, takes away what install has put in place,
        gives back what it kept, and rebuilds the initramfs. Modules that are loaded stay. A file that
        somebody has changed since is left where it is, and named.
        """;

    public override IReadOnlyList<Option> Options => [DryRun, Root, InstallVerb.NoInitramfs];

    public override IReadOnlyList<Example> Examples =>
    [
        new("sudo drover uninstall", "udev and kmod load modules as before"),
        new("drover uninstall --dry-run", "what it would do; needs no root"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        var place = InstallPlace.Of(arguments);
        var installation = new Installation(new RootTree(place.Root));
        installation.RequireNoPackage();
        var entries = installation.Manifest.Entries;
        if (entries.Count == 0)
        {
            terminal.Out.WriteLine($"nothing is installed in {place.Root}");
            return ExitCode.Ok;
        }
        if (arguments.Has(DryRun))
        {
            foreach (var entry in entries)
                terminal.Out.WriteLine($"{entry.Path}: {entry.Afterwards}");
            return ExitCode.Ok;
        }

        place.RequireRoot();
        var system = place.IsThisMachine ? new RunningSystem(terminal) : null;
        var done = system?.StopDaemon() ?? true;
        var left = installation.Uninstall();
        foreach (var entry in left)
            terminal.Complain($"uninstall: {entry.Path} is left as it is: it was changed since it was installed; move it away and uninstall again");
        terminal.Out.WriteLine($"{entries.Count - left.Count} of {entries.Count} files and links are taken back");
        if (system is not null)
        {
            done &= system.Reload();
            if (!arguments.Has(InstallVerb.NoInitramfs))
                done &= system.RebuildInitramfs();
        }
        return done && left.Count == 0 ? ExitCode.Ok : ExitCode.Failure;
    }
}
