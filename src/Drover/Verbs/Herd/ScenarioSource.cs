using Drover.Cli;
using Drover.Model;

namespace Drover.Verbs.Herd;

/// <summary>The scenario that a command line means.</summary>
static class ScenarioSource
{
    public static readonly Option File = new("scenario", "a machine that 'drover scenario' recorded", "FILE", "the built-in one");

    /// <summary>CPUs of a run on the built-in scenario, unless the command line says: the seed's virtual machine had as many.</summary>
    const int BuiltInCpus = 255;

    /// <param name="builtIn">The one that is meant where no file is named.</param>
    /// <exception cref="CannotException">It cannot be read.</exception>
    /// <exception cref="ScenarioException">It is none.</exception>
    public static (Scenario Scenario, int Cpus) Open(Arguments arguments, Func<Scenario> builtIn)
    {
        if (arguments.Text(File) is not { } path)
            return (builtIn(), BuiltInCpus);
        var scenario = ScenarioFile.Load(path);
        return (scenario, scenario.Cpus);
    }
}
