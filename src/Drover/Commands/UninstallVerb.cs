using Drover.CommandLine;
using Drover.Install;

namespace Drover.Commands;

/// <summary><c>drover uninstall</c>: restores the state before <c>drover install</c>.</summary>
sealed class UninstallVerb : Verb
{
    static readonly Option s_root = CommonOptions.Root with { Help = "uninstall from the root file system in DIR" };

    static readonly Option s_dryRun =
        CommonOptions.DryRun with { Help = "change nothing; print what would be removed or restored" };

    public override string Name => "uninstall";

    public override string Summary => "undo 'drover install'";

    public override string Operands => "";

    public override string Details =>
        """
        Stops the daemon, so that udev loads modules again, removes the files of 'drover install', restores
        the files it kept, and rebuilds the initramfs. Loaded modules stay loaded. A file that was changed
        since its installation is left alone and reported.
        """;

    public override IReadOnlyList<Option> Options => [s_dryRun, s_root, InstallVerb.NoInitramfs];

    public override IReadOnlyList<Example> Examples =>
    [
        new("sudo drover uninstall", "udev and kmod load modules as before"),
        new("drover uninstall --dry-run", "print what would be done; root not needed"),
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
        if (arguments.Has(s_dryRun))
        {
            foreach (var entry in entries)
                terminal.Out.WriteLine($"{entry.Path}: {entry.Afterwards}");
            return ExitCode.Ok;
        }

        place.RequireRoot();
        var system = place.IsThisMachine ? new RunningSystem(terminal) : null;
        var isDone = system?.StopDaemon() ?? true;
        var left = installation.Uninstall();
        foreach (var entry in left)
        {
            terminal.Warn(
                $"uninstall: {entry.Path} was changed since its installation and is left alone; "
                + "move it away and uninstall again");
        }
        terminal.Out.WriteLine(
            $"{entries.Count - left.Count} of {entries.Count} files and links are removed or restored");
        if (system is not null)
        {
            isDone &= system.ReloadUnits();
            if (!arguments.Has(InstallVerb.NoInitramfs))
                isDone &= system.RebuildInitramfs();
        }
        return isDone && left.Count == 0 ? ExitCode.Ok : ExitCode.Failure;
    }
}
