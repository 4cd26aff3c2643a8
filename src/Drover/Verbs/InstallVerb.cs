using System.Globalization;
using System.Text;
using Drover.Cli;
using Drover.Install;
using Drover.Output;

namespace Drover.Verbs;

/// <summary><c>drover install</c>: the machine's module loads go to Drover, from its next boot on.</summary>
sealed class InstallVerb : Verb
{
    static readonly Option Root = CommonOptions.Root with { Help = "a root file system to install into; of this machine's own, systemd and the initramfs are told, too" };

    static readonly Option DryRun = CommonOptions.DryRun with { Help = "change nothing; print each file, and what is there now" };

    internal static readonly Option NoInitramfs = new("no-initramfs", "leave the initramfs as it is, until something else rebuilds it");

    static readonly Option Watch = new("watch", "also record the module loads of each boot, from the initramfs on, for 'drover report'");

    /// <summary>Where the unit of <see cref="Watch"/> has the boot's recording.</summary>
    const string BootRecording = "/run/drover/boot.jsonl";

    /// <summary>udev's own, which goes before ours where an administrator has it (udev(7): /etc over /run over /usr/lib).</summary>
    const string OtherRules = "/etc/udev/rules.d/80-drivers.rules";

    public override string Name => "install";

    public override string Summary => "put Drover in charge of module loads, from the initramfs of the next boot on";

    public override string Operands => "";

    public override string Details =>
        """
        Puts in place this program as /usr/bin/drover, the systemd units, an empty 80-drivers.rules that
        the units link to while the daemon runs, so that udev leaves module loads alone, a tmpfiles.d
        file, an initramfs-tools hook and a dracut module; then rebuilds the initramfs. A daemon that
        does not start, and a boot with drover=off on the kernel's command line, leave udev as it was.
        What stood at one of those paths is kept beside it; 'drover uninstall' gives all back.
        With --watch, 'drover watch --begin' runs first thing in the initramfs (initramfs-tools only), and
        once the boot is over its recording is /run/drover/boot.jsonl. Without, that is taken back.
        """;

    public override IReadOnlyList<Option> Options => [DryRun, Root, NoInitramfs, Watch];

    public override IReadOnlyList<Example> Examples =>
    [
        new("sudo drover install", "this machine, from its next boot on"),
        new("drover install --dry-run", "every file it would put in place; needs no root"),
        new("sudo drover install --watch", "and look, after the next boot: drover report /run/drover/boot.jsonl"),
        new("drover install --root /mnt", "a system that is mounted elsewhere"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        var place = InstallPlace.Of(arguments);
        var installation = new Installation(new RootTree(place.Root));
        installation.RequireNoPackage();
        var steps = installation.Plan(InstallList.Read(Environment.ProcessPath!, arguments.Has(Watch)));
        var dropped = installation.Dropped(steps);
        if (arguments.Has(DryRun))
        {
            foreach (var step in steps)
                Show(step, terminal.Out);
            foreach (var entry in dropped)
                terminal.Out.WriteLine($"{entry.Path}: {entry.Afterwards}");
            return ExitCode.Ok;
        }

        place.RequireRoot();
        installation.Install(steps);
        var left = installation.Dropped(steps);
        Tell(steps, dropped, left, terminal);
        if (File.Exists(Path.Join(place.Root, OtherRules)))
            terminal.Complain($"install: {OtherRules} goes before Drover's: while it is there udev does what it says");
        if (arguments.Has(Watch) && !File.Exists(Path.Join(place.Root, RunningSystem.InitramfsTools)))
            terminal.Complain("install: nothing will be recorded: --watch begins in an initramfs that initramfs-tools made, and they are not here");
        var done = left.Count == 0 && steps.All(step => step.Action is not InstallAction.Leave);
        return (place.IsThisMachine ? Finish(arguments, terminal) : NameTheRest(terminal)) && done ? ExitCode.Ok : ExitCode.Failure;
    }

    static void Tell(IReadOnlyList<InstallStep> steps, IReadOnlyList<InstallEntry> dropped, IReadOnlyList<InstallEntry> left, Terminal terminal)
    {
        foreach (var (file, action) in steps)
        {
            if (action is InstallAction.Leave)
                terminal.Complain($"install: {file.Path} is left as it is: it was changed since it was installed; move it away and install again to have ours");
            else if (action is not InstallAction.None)
                terminal.Out.WriteLine($"{file.Path}{(action is InstallAction.KeepOther ? $"  (what was there is kept as {RootTree.KeptName(file.Path)})" : "")}");
        }
        foreach (var entry in dropped.Except(left))
            terminal.Out.WriteLine($"{entry.Path}  ({entry.Afterwards})");
        foreach (var entry in left)
            terminal.Complain($"install: {entry.Path} is left as it is: it was changed since it was installed; move it away and install again");
        if (dropped.Count == 0 && steps.All(step => step.Action is InstallAction.None))
            terminal.Out.WriteLine("all is in place already");
    }

    static bool Finish(Arguments arguments, Terminal terminal)
    {
        var system = new RunningSystem(terminal);
        var done = system.Reload();
        if (!arguments.Has(NoInitramfs))
            done &= system.RebuildInitramfs();
        terminal.Out.WriteLine(RunningSystem.HasSystemd ? "Drover is in charge from the next boot on; at once with 'systemctl start drover'." : "Drover is in charge from the next boot on.");
        if (arguments.Has(Watch))
            terminal.Out.WriteLine($"What it does is recorded from then on, too: drover report {BootRecording}");
        return done;
    }

    static bool NameTheRest(Terminal terminal)
    {
        terminal.Out.WriteLine("It is in charge from that system's next boot on, and in the initramfs once 'update-initramfs -u' or 'dracut --force' has run there.");
        return true;
    }

    static void Show(InstallStep step, TextWriter writer)
    {
        var (file, action) = step;
        writer.WriteLine($"{file.Path}{(file.Mode is { } mode ? $"  mode {Convert.ToString((int)mode, 8)}" : "")}: {Told(step)}");
        if (action is InstallAction.None or InstallAction.Leave)
            return;
        if (file.IsLink)
            writer.WriteLine($"    -> {Encoding.UTF8.GetString(file.Content)}");
        else if (file.Path == InstallList.Program)
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    this program, {ByteSize.Format(file.Content.Length)}"));
        else
            writer.WriteLine(string.Join('\n', Encoding.UTF8.GetString(file.Content).TrimEnd('\n').Split('\n').Select(line => line.Length > 0 ? $"    {line}" : "")));
    }

    static string Told(InstallStep step) => step.Action switch
    {
        InstallAction.None => "there already",
        InstallAction.Create => "new",
        InstallAction.Update => "takes the place of an older one of Drover's",
        InstallAction.KeepOther => $"takes the place of another, which is kept as {RootTree.KeptName(step.File.Path)}",
        _ => "left as it is: it was changed since it was installed",
    };
}
