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
        var scenario = Read(path);
        return (scenario, scenario.Cpus);
    }

    // the recorded one comes with ScenarioFile
    static Scenario Read(string path) => throw new CannotException($"{path}: this build reads no scenarios yet: leave out --scenario");

    // the recorded one comes with ScenarioFile
    public static Scenario BuiltIn => new()
    {
        Name = "stand-in",
        Description = "a few modules, as long as there is no recorded machine",
        Kernel = "6.1.0",
        Cpus = 8,
        MemoryBytes = 4L << 30,
        Modules =
        [
            new() { Name = "libaes", FileBytes = 24_576, ElfBytes = 24_576, ImageBytes = 24_576, InitNs = 100_000 },
            new() { Name = "cryptd", FileBytes = 40_960, ElfBytes = 40_960, ImageBytes = 36_864, InitNs = 100_000 },
            new() { Name = "aesni_intel", FileBytes = 401_408, ElfBytes = 401_408, ImageBytes = 393_216, InitNs = 2_000_000, Dependencies = ["libaes", "cryptd"] },
            new() { Name = "acpi_cpufreq", FileBytes = 49_152, ElfBytes = 49_152, ImageBytes = 40_960, InitNs = 100_000, InitError = "ENODEV" },
            new() { Name = "e1000e", FileBytes = 450_560, ElfBytes = 450_560, ImageBytes = 360_448, InitNs = 5_000_000, InitSleepNs = 200_000_000 },
        ],
        Aliases =
        [
            new("cpu:type:x86,ven0000fam0006mod0055:feature:,0000", ["acpi_cpufreq", "aesni_intel"]),
            new("pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00", ["e1000e"]),
        ],
        Devices =
        [
            new() { Path = "/devices/pci0000:00/0000:00:19.0", Subsystem = "pci", Modaliases = ["pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00"] },
            new() { Path = "/devices/system/cpu/cpu{cpu}", Subsystem = "cpu", Modaliases = ["cpu:type:x86,ven0000fam0006mod0055:feature:,0000"], IsPerCpu = true },
        ],
    };
}
