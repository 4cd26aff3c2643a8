using System.Text;
using Drover.CommandLine;
using Drover.Host;
using Drover.Install;
using Drover.Text;

namespace Drover.Commands;

/// <summary><c>drover install</c>: Drover loads the machine's modules from the next boot on.</summary>
sealed class InstallVerb : Verb
{
    static readonly Option s_root = CommonOptions.Root with
    {
        Help = "install into the root file system in DIR; systemd and the initramfs are updated for / only",
    };

    static readonly Option s_dryRun =
        CommonOptions.DryRun with { Help = "change nothing; print each file and what is in its place now" };

    internal static readonly Option NoInitramfs = new("no-initramfs", "do not rebuild the initramfs");

    static readonly Option s_watch = new(
        "watch", "also record the module loads of each boot, from the initramfs on, for 'drover report'");

    /// <summary>An administrator's rules override ours (udev(7): /etc before /run before /usr/lib).</summary>
    const string OverridingRules = "/etc/udev/rules.d/80-drivers.rules";

    public override string Name => "install";

    public override string Summary => "install Drover to load this machine's modules from the next boot on";

    public override string Operands => "";

    public override string Details =>
        """
        Installs this program as /usr/bin/drover, with systemd units, an initramfs-tools hook, a dracut
        module, a tmpfiles.d file, and an empty 80-drivers.rules. While the daemon runs, it links that
        file into udev's rules, so udev loads no modules. Then rebuilds the initramfs. If the daemon does
        not start, or the kernel command line has drover=off, udev loads the modules as before.
        Existing files are kept under another name; 'drover uninstall' restores them.
        With --watch, 'drover watch --begin' starts first in the initramfs (initramfs-tools only) and
        records the boot to /run/drover/boot.jsonl. An install without --watch removes this again.
        """;

    public override IReadOnlyList<Option> Options => [s_dryRun, s_root, NoInitramfs, s_watch];

    public override IReadOnlyList<Example> Examples =>
    [
        new("sudo drover install", "this machine, from the next boot on"),
        new("drover install --dry-run", "print every file that would be installed; root not needed"),
        new("sudo drover install --watch", "and after the next boot: drover report /run/drover/boot.jsonl"),
        new("drover install --root /mnt", "a system that is mounted elsewhere"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        var place = InstallPlace.Of(arguments);
        var installation = new Installation(new RootTree(place.Root));
        installation.RequireNoPackage();
        var study = arguments.Has(s_watch)
            ? StudyProgram.Find() ?? throw new CommandException(StudyProgram.Missing)
            : null;
        var steps = installation.Plan(InstallList.Read(Environment.ProcessPath!, study));
        var dropped = installation.Dropped(steps);
        if (arguments.Has(s_dryRun))
        {
            foreach (var step in steps)
                Print(step, terminal.Out);
            foreach (var entry in dropped)
                terminal.Out.WriteLine($"{entry.Path}: {entry.Afterwards}");
            terminal.Flush();
            var isLeft = steps.Any(step => step.Action is InstallAction.Leave);
            return WarnOf(place, study is not null, terminal) && !isLeft ? ExitCode.Ok : ExitCode.Failure;
        }

        place.RequireRoot();
        installation.Install(steps);
        var left = installation.Dropped(steps);
        Report(steps, dropped, left, terminal);
        var isStarted = WarnOf(place, study is not null, terminal);
        var isDone = left.Count == 0 && steps.All(step => step.Action is not InstallAction.Leave);
        if (place.IsThisMachine)
            isDone &= UpdateSystem(arguments, terminal);
        if (!isStarted)
            return ExitCode.Failure;
        var isUnchanged = dropped.Count == 0 && steps.All(step => step.Action is InstallAction.None);
        terminal.Out.WriteLine(EndOf(place.IsThisMachine, isUnchanged));
        if (place.IsThisMachine && arguments.Has(s_watch))
            terminal.Out.WriteLine($"Each boot is recorded as well: drover report {CommonOptions.BootRecording}");
        return isDone ? ExitCode.Ok : ExitCode.Failure;
    }

    /// <summary>Warns of what keeps an installation from its work.</summary>
    /// <returns>False if nothing starts the daemon.</returns>
    static bool WarnOf(InstallPlace place, bool withWatch, Terminal terminal)
    {
        if (File.Exists(Path.Join(place.Root, OverridingRules)))
            terminal.Warn($"install: {OverridingRules} overrides Drover's rules: with it, udev may still load modules");
        if (withWatch && !File.Exists(Path.Join(place.Root, RunningSystem.InitramfsTools)))
        {
            terminal.Warn(
                "install: boots will not be recorded: --watch needs initramfs-tools, which are not installed");
        }
        var isStarted = RunningSystem.IsInstalled(place.Root);
        if (!isStarted)
        {
            terminal.Warn(
                "install: nothing starts the daemon: its units are systemd's, which is not installed; let the init "
                + "system run 'drover daemon', or 'drover coldplug' at boot");
        }
        return isStarted;
    }

    static string EndOf(bool isThisMachine, bool isUnchanged) => (isThisMachine, isUnchanged) switch
    {
        (true, true) => "Everything is installed already: Drover loads this machine's modules at each boot.",
        (false, true) => "Everything is installed already: Drover loads that system's modules at each boot.",
        (true, false) => RunningSystem.HasSystemd
            ? "Drover loads this machine's modules from the next boot on; 'systemctl start drover' starts it now."
            : "Drover loads this machine's modules from the next boot on.",
        (false, false) => "Drover loads that system's modules from its next boot on; run 'update-initramfs -u' or "
            + "'dracut --force' there to have it in the initramfs.",
    };

    static void Report(
        IReadOnlyList<InstallStep> steps, IReadOnlyList<InstallEntry> dropped, IReadOnlyList<InstallEntry> left,
        Terminal terminal)
    {
        foreach (var (file, action) in steps)
        {
            if (action is InstallAction.Leave)
                terminal.Warn(Changed(file.Path));
            else if (action is InstallAction.KeepOther)
                terminal.Out.WriteLine($"{file.Path}  (the previous file is kept as {RootTree.KeptName(file.Path)})");
            else if (action is not InstallAction.None)
                terminal.Out.WriteLine(file.Path);
        }
        foreach (var entry in dropped.Except(left))
            terminal.Out.WriteLine($"{entry.Path}  ({entry.Afterwards})");
        foreach (var entry in left)
            terminal.Warn(Changed(entry.Path));

        static string Changed(string path) =>
            $"install: {path} was changed since its installation and is left alone; move it away and install again";
    }

    static bool UpdateSystem(Arguments arguments, Terminal terminal)
    {
        var system = new RunningSystem(terminal);
        var isDone = system.ReloadUnits();
        if (!arguments.Has(NoInitramfs))
            isDone &= system.RebuildInitramfs();
        return isDone;
    }

    static void Print(InstallStep step, TextWriter writer)
    {
        var (file, action) = step;
        var mode = file.Mode is { } bits ? $"  mode {Convert.ToString((int)bits, 8)}" : "";
        writer.WriteLine($"{file.Path}{mode}: {Describe(step)}");
        if (action is InstallAction.None or InstallAction.Leave)
            return;
        var text = Encoding.UTF8.GetString(file.Content);
        if (file.IsLink)
            writer.WriteLine($"    -> {text}");
        else if (file.Path is InstallList.Program or InstallList.Study)
            writer.WriteLine($"    {Path.GetFileName(file.Path)}, {ByteSize.Format(file.Content.Length)}");
        else
            writer.WriteLine(string.Join('\n', text.TrimEnd('\n').Split('\n').Select(Indented)));

        static string Indented(string line) => line.Length > 0 ? $"    {line}" : "";
    }

    static string Describe(InstallStep step) => step.Action switch
    {
        InstallAction.None => "up to date",
        InstallAction.Create => "new",
        InstallAction.Update => "replaces an older file of Drover",
        InstallAction.KeepOther => $"replaces another file, which is kept as {RootTree.KeptName(step.File.Path)}",
        _ => "left alone: changed since its installation",
    };
}
