using Drover.CommandLine;
using Drover.Modules.Config;
using Drover.Text;

namespace Drover.Commands;

/// <summary><c>drover resolve</c>: the modules of a modalias or name.</summary>
sealed class ResolveVerb : Verb
{
    /// <summary>Characters of a name that a narrow terminal shows.</summary>
    const int MinNameLength = 8;

    public override string Name => "resolve";

    public override string Summary => "print the modules that a modalias or name stands for";

    public override string Operands => "MODALIAS…";

    public override string Details =>
        """
        Prints the names of the modules, one a line, as 'modprobe -R' does: all matches of the first source
        that has any (modprobe.d, modules.dep, modules.symbols, modules.alias, modules.builtin). Loads
        nothing; root is not needed.
        """;

    public override IReadOnlyList<Option> Options =>
    [
        CommonOptions.Root, CommonOptions.Release, CommonOptions.Json,
        CommonOptions.Verbose with { Help = "also print the source of each match, and warnings about modprobe.d" },
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover resolve pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00", "the driver of a network card"),
        new("drover resolve -v \"$(cat /sys/devices/system/cpu/modalias)\"",
            "the modules of the CPU, with their sources"),
        new("drover resolve --root /mnt --json fs-ext4 fs-btrfs", "in a root file system mounted elsewhere, as JSON"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Operands.Count == 0)
            throw new UsageException("no modalias given");
        var catalog = ModuleSource.Open(arguments);
        terminal.WarnOfDamage(catalog);
        var verbose = arguments.Has(CommonOptions.Verbose);
        if (verbose)
            terminal.WarnOf(catalog.Config);
        var resolved = arguments.Operands.Select(name => (Name: name, Resolution: catalog.Resolve(name))).ToList();
        if (arguments.Has(CommonOptions.Json))
            WriteJson(resolved, catalog.Tree.Directory, terminal.Out);
        else
            Print(resolved, verbose, terminal);
        foreach (var (name, _) in resolved.Where(name => name.Resolution.Modules.Count == 0))
            terminal.Warn($"{name}: no module, alias or configuration line in {catalog.Tree.Directory} matches");
        return resolved.TrueForAll(name => name.Resolution.Modules.Count > 0) ? ExitCode.Ok : ExitCode.Failure;
    }

    static void Print(List<(string Name, Resolution Resolution)> resolved, bool verbose, Terminal terminal)
    {
        foreach (var (name, resolution) in resolved)
        {
            foreach (var module in resolution.Modules)
            {
                var source = $"{module}  ({SourceOf(resolution.Step)} for ";
                // a modalias of the CPU has a thousand characters
                var room = terminal.Screen is { Columns: var columns }
                    ? Math.Max(columns - source.Length - 1, MinNameLength)
                    : int.MaxValue;
                terminal.Out.WriteLine(verbose ? $"{source}{PlainTable.Shorten(name, room)})" : module);
            }
        }
    }

    static void WriteJson(List<(string Name, Resolution Resolution)> resolved, string directory, TextWriter writer) =>
        Json.Write(writer, json =>
        {
            json.WriteString("directory", directory);
            json.WriteObjects("resolved", resolved, name =>
            {
                json.WriteString("asked", name.Name);
                json.WriteString("source", SourceOf(name.Resolution.Step));
                json.WriteStrings("modules", name.Resolution.Modules);
            });
        });

    /// <summary>The file that has the match; null if there is none.</summary>
    static string? SourceOf(LookupStep step) => step switch
    {
        LookupStep.ConfigAlias => "an alias in modprobe.d",
        LookupStep.Commands => "a command in modprobe.d",
        _ => LookupSteps.IndexOf(step),
    };
}
