using Drover.Linux.Files;
using Drover.Linux.Runtime;
using Drover.Model.Scenarios;
using Drover.Model.Time;
using Drover.Modules;
using Drover.Study.Audit;
using Drover.Study.Boot;
using Drover.Study.Herd;
using Drover.Study.Policy;
using Drover.Study.Recordings;
using Drover.Study.Report;
using Drover.Study.Scenarios;
using Drover.Study.Watch;
using Drover.Study.Why;

namespace Drover.Study;

/// <summary>The entry point of <c>drover-study</c>, which <c>drover</c> executes for its verbs.</summary>
static class Program
{
    public const string Name = "drover-study";

    /// <summary>Commands of drover, which this program does not have; a test compares them.</summary>
    public static readonly string[] OfDrover =
    [
        "coldplug", "daemon", "status", "settle", "install", "uninstall", "load", "modules-load", "resolve", "seal",
        "modprobe", "depmod", "modinfo", "insmod", "rmmod", "lsmod", "kmod",
    ];

    /// <summary>In the order of the help.</summary>
    public static Verb[] Verbs =>
    [
        new StyledVerb(new BootVerb()), new StyledVerb(new WatchVerb(), isLive: true),
        new StyledVerb(new TimelineVerb()), new StyledVerb(new AuditVerb()), new StyledVerb(new WhyVerb()),
        new StyledVerb(new PolicyVerb()), new StyledVerb(new ReportVerb()), new StyledVerb(new HerdVerb()),
        new StyledVerb(new ScenarioVerb()),
    ];

    public static int Main(string[] args)
    {
        SystemFiles.Current = new LinuxFiles();
        // drover executes it under its own name
        var isAlone = Path.GetFileName(Environment.GetCommandLineArgs()[0]) == Name;
        return Run(ProcessText.Arguments(args), Terminal.OfProcess(), isAlone ? Name : VerbProgram.UsualName);
    }

    /// <param name="name">The program that its help texts name.</param>
    /// <returns>The exit code of a command line.</returns>
    public static int Run(ReadOnlySpan<string> args, Terminal terminal, string name = VerbProgram.UsualName)
    {
        var program = new VerbProgram(Verbs, Help)
        {
            Name = name,
            OtherNames = OfDrover,
            IsReported = problem => problem is ScenarioException or DeadlockException or RecordingException,
        };
        return program.Run(args, terminal);
    }

    static string Help() => HelpText.ForProgram(
        "drover-study analyses module loads; 'drover' runs it for these verbs.",
        [("verbs", [.. Verbs.Select(verb => (verb.Name, verb.Summary))])], [.. Verbs.Select(verb => verb.Examples[0])]);
}
