using Drover.Cli;

namespace Drover.Verbs;

/// <summary>The program's verbs, in the order of the help.</summary>
static class VerbTable
{
<<<<<<< HEAD
    public static IReadOnlyList<Verb> All => [new ColdplugVerb(), new LoadVerb(), new ResolveVerb(), new HerdVerb()];
=======
    public static IReadOnlyList<Verb> All => [new ColdplugVerb(), new LoadVerb(), new ResolveVerb(), new ScenarioVerb()];
>>>>>>> bd53e9d (drover scenario records a machine; lab/run --scenario records a guest)

    /// <summary>The verb of that name, or null.</summary>
    public static Verb? Find(string name) => All.FirstOrDefault(verb => verb.Name == name);
}
