using System.Text.Json;
using Drover.Control;
using Drover.Linux.ProcFs;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Tree;
using Drover.Study.Policy;
using Drover.Study.Scenarios;

namespace Drover.Study.Why;

/// <summary><c>drover why</c>: is a module there, for whom, and what would load it or stops it.</summary>
sealed class WhyVerb : Verb
{
    public override string Name => "why";

    public override string Summary => "show why a module is loaded or not: who asked, which line of which file decides";

    public override string Operands => "MODULE|MODALIAS…";

    public override string Details =>
        """
        Shows for each module whether it is there, and why: what asks for it (devices, modules-load.d, file
        systems, other modules), the lines of modprobe.d and of the policy that decide, with file and line,
        and from the daemon's records for whom it was loaded, and when a request was last refused.
        Without a daemon it says what it then cannot know. Status 1 if a name is unknown: no module has it.
        """;

    public override IReadOnlyList<Option> Options =>
    [
        CommonOptions.Root, CommonOptions.Release, ScenarioSource.Sys, CommonOptions.Socket, CommonOptions.Json,
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover why nouveau", "what would load it, what stops it"),
        new("drover why \"$(cat /sys/bus/pci/devices/0000:00:1f.3/modalias)\"", "the drivers of one device"),
        new("drover why --json loop", "the same for a program"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Operands.Count == 0)
            throw new UsageException("no module given");
        if (arguments.Operands.FirstOrDefault(name => ModuleName.IsFileName(name) || name.StartsWith('/')) is { } file)
        {
            throw new UsageException($"'{file}' is a file, not a module's name: 'modinfo' shows what is in a file, and "
                + $"'drover why {ModuleName.FromPath(file)}' is about its module");
        }
        var catalog = OpenCatalog(arguments, terminal);
        var machine = new WhyMachine(catalog, SysOf(arguments), Wishes(arguments))
        {
            CommandLine = ModuleSource.IsThisMachine(arguments) ? Machine.CommandLine() ?? "" : "",
            IsSysOfKernel = arguments.Has(ScenarioSource.Sys) || ModuleSource.IsThisMachine(arguments)
                || Path.GetFileName(catalog.Tree.Directory) == Machine.KernelRelease(),
            DaemonRecords = DaemonRecords(arguments),
        };
        WhyFacts[] all = [.. arguments.Operands.SelectMany(machine.Explain)];
        if (arguments.Has(CommonOptions.Json))
            WhyText.WriteJson(all, terminal.Out);
        else
            WhyText.Write(all, terminal.Out);
        return all.All(facts => facts.State is not ModuleState.Unknown) ? ExitCode.Ok : ExitCode.Failure;
    }

    static string SysOf(Arguments arguments) => arguments.Text(ScenarioSource.Sys) ?? ScenarioSource.ThisSys;

    /// <summary>Also of a machine without modules of its kernel.</summary>
    static ModuleCatalog OpenCatalog(Arguments arguments, Terminal terminal)
    {
        try
        {
            var catalog = ModuleSource.Open(arguments);
            terminal.WarnOfDamage(catalog);
            terminal.WarnOf(catalog.Config);
            terminal.WarnOf(catalog.Policy);
            return catalog;
        }
        catch (CommandException problem) when (
            !arguments.Has(CommonOptions.Release) && Directory.Exists(ModuleSource.RootOf(arguments)))
        {
            terminal.Warn(problem.Message);
            var root = ModuleSource.RootOf(arguments);
            var config = ModprobeConfig.Load(new ModprobeConfigSources { Root = root });
            terminal.WarnOf(config);
            return new ModuleCatalog(ModuleTree.OpenOrEmpty(Path.Join(root, "lib/modules")), config)
            {
                Policy = ModuleSource.PolicyOf(root),
            };
        }
    }

    static Func<ModuleCatalog, IEnumerable<ModuleWish>> Wishes(Arguments arguments)
    {
        var root = ModuleSource.RootOf(arguments);
        return catalog =>
        [
            .. ModuleWishes.OfDevices(SysOf(arguments), catalog), .. ModuleWishes.OfModulesLoad(root, catalog),
            .. ModuleWishes.OfFileSystems(root, catalog),
        ];
    }

    /// <summary>The daemon's records; null without a daemon, or for another machine's files.</summary>
    static List<ModuleRecord>? DaemonRecords(Arguments arguments)
    {
        var isThisMachine = ModuleSource.IsThisMachine(arguments) && SysOf(arguments) == ScenarioSource.ThisSys;
        if (!arguments.Has(CommonOptions.Socket) && !isThisMachine)
            return null;
        var socket = DaemonClient.SocketOf(arguments);
        return DaemonClient.IsThere(socket) ? DaemonClient.Call("Modules", null, socket, Read) : null;

        static List<ModuleRecord> Read(JsonElement reply) =>
        [
            .. reply.GetProperty("modules").EnumerateArray().Select(module => ModuleRecordJson.TryRead(module)
                ?? throw new FormatException("not a record of a module")),
        ];
    }
}
