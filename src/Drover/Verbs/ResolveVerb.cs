using Drover.Cli;
using Drover.Modules;
using Drover.Output;

namespace Drover.Verbs;

/// <summary><c>drover resolve</c>: what a modalias or a name stands for.</summary>
sealed class ResolveVerb : Verb
{
    public override string Name => "resolve";

    public override string Summary => "say which modules a modalias or a name stands for";

    public override string Operands => "MODALIAS…";

    public override string Details =>
        """
        Prints the modules' names, one a line, as 'modprobe -R' does: the first source with an answer
        wins (modprobe.d, modules.dep, modules.symbols, modules.alias, modules.builtin), and all its
        matches count. Nothing is loaded; root is not needed.
        """;

    public override IReadOnlyList<Option> Options => [CommonOptions.Root, CommonOptions.Release, CommonOptions.Json, CommonOptions.Verbose];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover resolve 'pci:v00008086d000010D3sv*'", "which driver a network card wants"),
        new("drover resolve -v \"$(cat /sys/devices/system/cpu/modalias)\"", "what the processor asks for, and where the answer stands"),
        new("drover resolve --root /mnt --json fs-ext4 crypto-aes", "of a root file system mounted elsewhere, as JSON"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Operands.Count == 0)
            throw new UsageException("which modalias?");
        var catalog = ModuleSource.Open(arguments);
        var verbose = arguments.Has(CommonOptions.Verbose);
        if (verbose)
            terminal.WarnOf(catalog.Config);
        var resolved = new List<(string Asked, Resolution Resolution)>(arguments.Operands.Count);
        foreach (var asked in arguments.Operands)
            resolved.Add((asked, catalog.Resolve(asked)));

        if (arguments.Has(CommonOptions.Json))
            ResolveReport.Write(resolved, catalog.Tree.Directory, terminal.Out);
        else
            Print(resolved, verbose, terminal.Out);

        var exit = ExitCode.Ok;
        foreach (var (asked, resolution) in resolved)
        {
            if (resolution.Modules.Count > 0)
                continue;
            terminal.Complain($"{asked}: no module, alias or configuration in {catalog.Tree.Directory} knows it");
            exit = ExitCode.Failure;
        }
        return exit;
    }

    static void Print(List<(string Asked, Resolution Resolution)> resolved, bool verbose, TextWriter writer)
    {
        foreach (var (asked, resolution) in resolved)
        {
            foreach (var module in resolution.Modules)
                writer.WriteLine(verbose ? $"{module}  ({ResolveReport.SourceOf(resolution.Step)} for {asked})" : module);
        }
    }
}
