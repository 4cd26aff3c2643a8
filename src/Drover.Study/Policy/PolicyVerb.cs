using System.Diagnostics;
using Drover.Linux.Files;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Study.Files;
using Drover.Study.Scenarios;

namespace Drover.Study.Policy;

/// <summary><c>drover policy</c>: checks, learns, exports and imports policies (docs/policy.md).</summary>
sealed class PolicyVerb : Verb
{
    public static readonly Option Output = new("output", "write to FILE, not to standard output", "FILE", Short: 'o');

    static readonly Option s_modprobeD = new("modprobe.d", "export: write lines of modprobe.d(5)");

    static readonly Option s_blacklist = new("blacklist", "import: forbid what blacklist lines name, too");

    static readonly Option s_sealed = new("sealed", "check: as after 'drover seal'");

    static readonly (Option Option, string Task)[] s_taskOptions =
        [(s_modprobeD, "export"), (s_blacklist, "import"), (s_sealed, "check"), (CommonOptions.Json, "check")];

    static readonly string[] s_tasks = ["check", "learn", "export", "import"];

    public override string Name => "policy";

    public override string Summary => "check what may be loaded, learn it from this machine, export or import it";

    public override string Operands => "check|learn|export|import [RECORDING…]";

    public override string Details =>
        """
        check   what the policy would stop: of the devices' modules, modules-load.d, file systems, live
                modules, and the recordings given. Status 1 if it would stop something, or has a bad line.
        learn   an allow list: what this machine's devices, file systems and container engines ask for,
                what is live, and what the recordings loaded, each line with its reason.
        export  the nearest that plain kmod understands (--modprobe.d), and what is lost.
        import  a policy from modprobe.d's lines 'install MODULE /bin/false' (and /bin/true).

        A recording is the output of 'drover watch --json' or 'drover timeline --json'.
        """;

    public override IReadOnlyList<Option> Options =>
    [
        Output, s_sealed, s_modprobeD, s_blacklist, CommonOptions.Root, CommonOptions.Release, ScenarioSource.Sys,
        CommonOptions.Json with { Help = "check: print one JSON document instead of text" },
    ];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover policy check", "would this machine still boot?"),
        new("drover policy learn -o /etc/drover/policy.d/50-learned.conf", "then read it, and check"),
        new("drover policy learn boot.jsonl", "also what a recorded boot has loaded"),
        new("drover policy export --modprobe.d -o /etc/modprobe.d/policy.conf", "for a machine without Drover"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Operands.Count == 0)
            throw new UsageException("what to do is missing: check, learn, export or import");
        var files = arguments.Operands.Skip(1).ToArray();
        var task = arguments.Operands[0];
        if (!s_tasks.Contains(task))
        {
            throw new UsageException(
                $"unknown task '{task}': {string.Join(", ", s_tasks)}{Nearest.Hint(task, s_tasks)}");
        }
        if (files.Length > 0 && task is "export" or "import")
            throw new UsageException($"unexpected argument '{files[0]}'");
        // an option of one task only, as its help says
        foreach (var (option, only) in s_taskOptions)
        {
            if (arguments.Has(option) && task != only)
                throw new UsageException($"--{option.Name} is of {only}, not of {task}");
        }
        if (arguments.Has(Output) && task == "check")
            throw new UsageException($"--{Output.Name} is of learn, export and import, not of check");
        var now = ModuleSource.PolicyOf(ModuleSource.RootOf(arguments));
        switch (task)
        {
            case "check":
                if (now is { IsSealed: true } && !arguments.Has(s_sealed))
                {
                    terminal.Warn("this machine is sealed until its next boot, for which this checks the policy: "
                        + "--sealed checks it as it is now");
                }
                return PolicyCheck.Run(
                    arguments, Catalog(arguments, terminal), now is { IsWarnOnly: true }, files, terminal);
            case "learn":
                return Write(
                    arguments, terminal,
                    PolicyLearn.Lines(arguments, WithoutPolicy(arguments, terminal), files, terminal));
            case "export" when !arguments.Has(s_modprobeD):
                throw new UsageException("the format is missing: add --modprobe.d");
            case "export":
                return Write(
                    arguments, terminal, PolicyExport.Lines(
                        Catalog(arguments, terminal), now is { IsWarnOnly: true }));
            case "import":
                return Write(
                    arguments, terminal,
                    PolicyImport.Lines(WithoutPolicy(arguments, terminal), arguments.Has(s_blacklist)));
            default:
                throw new UnreachableException(task);
        }
    }

    static ModuleCatalog WithoutPolicy(Arguments arguments, Terminal terminal)
    {
        var catalog = ModuleSource.Open(arguments);
        terminal.WarnOfDamage(catalog);
        return new ModuleCatalog(catalog.Tree, catalog.Config);
    }

    /// <summary>With the policy as it would be after the next boot, or after a seal.</summary>
    static ModuleCatalog Catalog(Arguments arguments, Terminal terminal)
    {
        var catalog = ModuleSource.Open(arguments);
        terminal.WarnOfDamage(catalog);
        return new ModuleCatalog(catalog.Tree, catalog.Config)
        {
            Policy = ModulePolicy.Load(new PolicySources
            {
                Root = ModuleSource.RootOf(arguments),
                AsSealed = arguments.Has(s_sealed),
                AsEnforced = true,
                VersionOf = LinuxPath.VersionOf,
            }),
        };
    }

    static int Write(Arguments arguments, Terminal terminal, IEnumerable<string> lines)
    {
        var text = string.Concat(lines.Select(line => line + "\n"));
        var file = arguments.Text(Output) ?? InputFile.Dash;
        if (file == InputFile.Dash || !SystemFiles.Current.IsReplaceable(file))
        {
            using var output = OutputFile.Open(file, terminal);
            output.Write(writer => writer.Write(text));
        }
        else if (arguments.Operands[0] == "learn" && SystemFiles.Current.IsFile(file))
        {
            // people edit what is learned
            throw new CommandException($"{file} is there already: remove it, or write another file and compare");
        }
        else
        {
            WriteFile(file, text);
        }
        return ExitCode.Ok;
    }

    static void WriteFile(string file, string text)
    {
        var folder = Path.GetDirectoryName(LinuxPath.Absolute(file))!;
        if (Path.GetFileName(folder) == "policy.d")
            SystemFiles.Current.CreateDirectories(folder); // a machine has none before its first policy
        if (!SystemFiles.Current.IsDirectory(folder))
            throw new CommandException($"{file}: there is no directory {folder}");
        // the daemon may read it at any time
        SystemFiles.Current.Replace(file, ByteText.BytesOf(text));
    }
}
