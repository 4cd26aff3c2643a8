using Drover.Cli;

namespace Drover.Verbs;

/// <summary>The program's verbs, in the order of the help.</summary>
static class VerbTable
{
    public static Verb[] All =>
    [
        new ColdplugVerb(), new DaemonVerb(), new StatusVerb(), new SettleVerb(), new TimelineVerb(), new InstallVerb(), new UninstallVerb(), new LoadVerb(), new ResolveVerb(),
        new WatchVerb(), new AuditVerb(), new ReportVerb(), new HerdVerb(), new ScenarioVerb(),
    ];

    /// <summary>The verb of that name, or null.</summary>
    public static Verb? Find(string name) => Array.Find(All, verb => verb.Name == name);
}
