using Drover.Modules.Patterns;
using Drover.Text;

namespace Drover.Modules.Config;

/// <summary>Where a policy comes from.</summary>
public sealed class PolicySources
{
    /// <summary>The root of the policy directories.</summary>
    public string Root { get; init; } = "/";

    /// <summary>Reads the kernel command line, which may have <c>drover.policy=off</c> or <c>=warn</c>; null for none.
    /// Called only where there is a policy.</summary>
    public Func<string?>? CommandLine { get; init; }

    /// <summary>The file that says that <c>drover seal</c> ran; null where a seal does not count.</summary>
    public string? SealFile { get; init; }

    /// <summary>A text that changes with a file, so that each version is read once; null for a missing file. Without
    /// it, a policy with signatures reads a file for each question.</summary>
    public Func<string, string?>? VersionOf { get; init; }

    /// <summary>A file's path without links (realpath(3)), for files that a request names; null for a missing one.
    /// Without it, such a file counts under the path that it is given by.</summary>
    public Func<string, string?>? RealPathOf { get; init; }

    /// <summary>Read it as if the seal were in force, for a look ahead.</summary>
    public bool AsSealed { get; init; }

    /// <summary>Read it as if no line <c>mode warn-only</c> were there, for a look ahead.</summary>
    public bool AsEnforced { get; init; }
}

/// <summary>What may be loaded: the files of policy.d (docs/policy.md). The strongest line that applies decides,
/// wherever it stands: forbid, then warn, then allow, then default. For one thread.</summary>
public sealed class ModulePolicy
{
    /// <summary>Where a seal of the running machine is kept: it ends with the boot.</summary>
    public const string SealFile = "/run/drover/sealed";

    static readonly string[] s_directories =
        ["etc/drover/policy.d", "run/drover/policy.d", "usr/local/lib/drover/policy.d", "usr/lib/drover/policy.d"];

    readonly Dictionary<string, List<int>> _byName = new(StringComparer.Ordinal);
    readonly GlobTable<int> _byPattern = new();
    readonly List<int> _others = []; // lines without a pattern of names
    readonly List<int> _found = [];
    readonly PolicyLine[] _clientDefaults;
    readonly PolicyAnswer _default;
    readonly ModuleFileTexts _files;
    readonly string _root; // with a slash at its end
    readonly Func<string, string?>? _realPathOf;

    ModulePolicy(PolicyParser parsed, PolicyLine? seal, ModuleFileTexts files, PolicySources sources)
    {
        (_root, _realPathOf) = ($"{sources.Root.TrimEnd('/')}/", sources.RealPathOf);
        (Lines, Preferences, Problems) = (parsed.Lines, parsed.Preferences, parsed.Problems);
        (IsWarnOnly, IsSealed, _files) = (parsed.IsWarnOnly, seal is not null, files);
        for (var i = 0; i < Lines.Count; i++)
        {
            if (Counts(Lines[i]) && !Lines[i].IsDefault)
                Add(i, Lines[i].Name);
        }
        var defaults = Lines.Where(line => line.IsDefault && Counts(line)).ToArray();
        _clientDefaults = Array.FindAll(defaults, line => line.IsOfClient);
        defaults = Array.FindAll(defaults, line => !line.IsOfClient);
        // after a seal, a module needs a line of its own
        var line = Array.Find(defaults, line => line.Effect is PolicyEffect.Forbid) ?? defaults.FirstOrDefault(seal);
        _default = new PolicyAnswer(line?.Effect ?? PolicyEffect.Allow, line);
    }

    public IReadOnlyList<PolicyLine> Lines { get; }

    public IReadOnlyList<PolicyPreference> Preferences { get; }

    /// <summary>Lines that do not count, and files that cannot be read.</summary>
    public IReadOnlyList<PolicyProblem> Problems { get; }

    /// <summary>What is forbidden is loaded and reported.</summary>
    public bool IsWarnOnly { get; }

    /// <summary><c>drover seal</c> ran on this boot: the lines <c>when booted</c> count.</summary>
    public bool IsSealed { get; }

    /// <summary>The policy directories below a root, existing or not, highest priority first.</summary>
    public static IReadOnlyList<string> DirectoriesBelow(string root) =>
        Array.ConvertAll(s_directories, directory => $"{root.TrimEnd('/')}/{directory}");

    /// <summary>The policy of the files; null where there is none: everything may be loaded.</summary>
    public static ModulePolicy? Load(PolicySources sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        var parser = new PolicyParser();
        foreach (var path in DropIns.List(DirectoriesBelow(sources.Root)))
            parser.ParseFile(path);
        var isSealed = sources.AsSealed
            || (sources.SealFile is { } file && SystemFiles.Current.IsFile(file));
        if (!isSealed && parser is { Lines: [], Preferences: [], Problems: [] })
            return null;
        switch (WordOf(sources.CommandLine?.Invoke()))
        {
            case "off":
                return null;
            case "warn":
                parser.IsWarnOnly = true;
                break;
        }
        parser.IsWarnOnly &= !sources.AsEnforced;
        var seal = isSealed ? SealLine(sources.SealFile ?? SealFile) : null;
        return new ModulePolicy(parser, seal, new ModuleFileTexts(sources.VersionOf), sources);
    }

    /// <summary>Parses a text as if it were a file of that name.</summary>
    /// <param name="fileTexts">Reads signer and name of a module file; null to read the file itself.</param>
    public static ModulePolicy Parse(
        string text, string file = "policy.conf", bool isSealed = false,
        Func<string, ModuleFileText>? fileTexts = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parser = new PolicyParser();
        parser.Parse(ByteText.BytesOf(text), file);
        return new ModulePolicy(
            parser, isSealed ? SealLine(SealFile) : null, new ModuleFileTexts(null) { Read = fileTexts },
            new PolicySources());
    }

    /// <summary>What the policy says about one module of a request, without <see cref="IsWarnOnly"/>.</summary>
    public PolicyAnswer Ask(in PolicyQuestion question)
    {
        var real = question.IsOwnFile ? _realPathOf?.Invoke(question.Path) : null;
        _found.Clear();
        AddLines(question.Module);
        if (question.Asked is { } asked && asked != question.Module)
            AddLines(asked);
        // a file under another name is still the module that it contains
        if (question.IsOwnFile && _files.Of(question.Path).Name is { } inside && inside != question.Module)
            AddLines(inside);
        var (best, rank) = (-1, -1);
        foreach (var list in (ReadOnlySpan<List<int>>)[_found, _others])
        {
            foreach (var index in list)
            {
                var line = Lines[index];
                var isBetter = (int)line.Effect > rank || ((int)line.Effect == rank && index < best);
                if (isBetter && Applies(line, question, real))
                    (best, rank) = (index, (int)line.Effect);
            }
        }
        if (best >= 0)
            return new PolicyAnswer(Lines[best].Effect, Lines[best]);
        foreach (var line in _clientDefaults)
        {
            if (Applies(line, question, real))
                return new PolicyAnswer(line.Effect, line);
        }
        return _default;
    }

    /// <summary>The lines that decide for some programs, should one of these request the module.</summary>
    public IEnumerable<PolicyLine> OfPrograms(PolicyQuestion question) => Lines.Where(line =>
        line.IsOfClient && Counts(line)
        && (line.Name is not { } name || Fnmatch.Matches(name, question.Module)
            || (question.Asked is { } asked && Fnmatch.Matches(name, asked)))
        && IsOfPath(line, question.Path));

    /// <summary>The line that leaves a module out because its request also stands for a preferred one; else
    /// null.</summary>
    /// <param name="others">All modules of the request.</param>
    public PolicyPreference? Outranking(string module, IEnumerable<string> others)
    {
        foreach (var line in Preferences)
        {
            if (line.Over == module && line.Preferred != module && others.Contains(line.Preferred))
                return line;
        }
        return null;
    }

    /// <summary>On a system with a merged /usr, one file has two paths.</summary>
    internal static string WithoutUsr(string path) =>
        path.StartsWith("/usr/lib/", StringComparison.Ordinal) ? path["/usr".Length..] : path;

    /// <summary>Whether a line holds for a file, by its path as the system in the root sees it.</summary>
    bool IsOfPath(PolicyLine line, string path) => line.Path is not { } pattern || Fnmatch.Matches(
        pattern, WithoutUsr(path.StartsWith(_root, StringComparison.Ordinal) ? path[(_root.Length - 1)..] : path));

    void Add(int line, string? pattern)
    {
        if (pattern is null)
        {
            _others.Add(line);
        }
        else if (pattern.AsSpan().IndexOfAny("*?[\\") >= 0)
        {
            _byPattern.Add(pattern, line);
        }
        else
        {
            if (!_byName.TryGetValue(pattern, out var lines))
                _byName[pattern] = lines = [];
            lines.Add(line);
        }
    }

    void AddLines(string name)
    {
        if (_byName.TryGetValue(name, out var lines))
            _found.AddRange(lines);
        _byPattern.Find(name, _found);
    }

    /// <summary>After a seal only its own allowances count; before it, only lines without that scope.</summary>
    bool Counts(PolicyLine line) =>
        IsSealed ? line.WhenBooted || line.Effect is PolicyEffect.Forbid : !line.WhenBooted;

    /// <param name="real">The path without links of a file that the request names; null if it is unknown.</param>
    bool Applies(PolicyLine line, in PolicyQuestion question, string? real)
    {
        // a link into an allowed directory allows nothing, and one out of a forbidden directory frees nothing
        var isOfPath = IsOfPath(line, real ?? question.Path)
            || (line.Effect is PolicyEffect.Forbid && IsOfPath(line, question.Path));
        if (!isOfPath)
            return false;
        if ((line.UserId ?? question.Client?.UserId) != question.Client?.UserId)
            return false;
        if (line.Cgroup is { } cgroup && !IsOf(cgroup, line.Effect, question.Client))
            return false;
        if (!line.NeedsFile)
            return true;
        // a name for a command alone has no file
        if (question.Path.Length == 0)
            return false;
        var signer = _files.Of(question.Path).Signer;
        return line.IsUnsigned ? signer is null : signer is not null && Fnmatch.Matches(line.Signer!, signer);
    }

    /// <summary>A program whose control group cannot be read is the least trusted: all that is forbidden to some group
    /// is forbidden to it.</summary>
    static bool IsOf(string cgroup, PolicyEffect effect, PolicyClient? client)
    {
        if (client is null)
            return false; // a device
        return client.Cgroup() is { } actual ? Fnmatch.Matches(cgroup, actual) : effect is PolicyEffect.Forbid;
    }

    static PolicyLine SealLine(string file) => new(PolicyEffect.Forbid, "drover seal", new ConfigSource(file, 0))
    {
        IsDefault = true,
        WhenBooted = true,
    };

    /// <summary>Whether a kernel command line switches policies off.</summary>
    public static bool IsOff(string? commandLine) => WordOf(commandLine) == "off";

    /// <summary>The value of <c>drover.policy=</c>; the last one counts.</summary>
    static string? WordOf(string? commandLine)
    {
        const string Key = "drover.policy=";
        return KernelParameters.Words(commandLine ?? "")
            .LastOrDefault(word => word.StartsWith(Key, StringComparison.Ordinal))?[Key.Length..];
    }
}
