using System.Diagnostics;
using System.Globalization;
using System.Text;
using Drover.Control;
using Drover.Loading;
using Drover.Modules.Containers;
using Drover.Text;

namespace Drover.Devices;

/// <summary>What a boot loaded and how long that took, for the order of the next boot's loads: it never decides what is
/// loaded. The longest path of loads that follow from each other goes first, what the root file system needs before all
/// else. A text of at most <see cref="MaxBytes"/>, with its checksum in the last line. Immutable.</summary>
public sealed class BootRecord
{
    /// <summary>Limit of the text. A large machine needs some 100 kB.</summary>
    public const int MaxBytes = 1 << 20;

    const int MaxEntries = 4096;
    const string Head = "drover boot record 1", End = "end ";

    readonly Dictionary<string, LoadPath> _paths;

    BootRecord(string release, Dictionary<string, LoadPath> paths, IReadOnlyList<string> files) =>
        (Release, _paths, Files) = (release, paths, files);

    /// <summary>The kernel version.</summary>
    public string Release { get; }

    /// <summary>Number of modaliases.</summary>
    public int Count => _paths.Count;

    /// <summary>It says what the root file system needs.</summary>
    public bool KnowsRoot => _paths.Values.Any(path => path.IsForRoot);

    /// <summary>The files that were loaded, relative to the module directory, in the order of their calls.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>The same request with its place in the queue, if its modalias is known.</summary>
    internal LoadRequest Place(LoadRequest request)
    {
        if (!_paths.TryGetValue(request.Name, out var path))
            return request;
        return request with
        {
            Rank = path.IsForRoot ? LoadRank.Root : request.Rank,
            CriticalPath = path.Took,
        };
    }

    /// <summary>The record of a boot so far.</summary>
    /// <param name="release">The kernel version.</param>
    /// <param name="aliases">The modaliases of all devices.</param>
    /// <param name="modules">All modules that were requested.</param>
    /// <param name="rootModules">The modules that the root file system's device needs; empty if it is not
    /// mounted.</param>
    /// <param name="fileOf">A module's file, relative to the module directory; null for none.</param>
    /// <param name="earlier">Gives the entries of what this boot did not load: an earlier daemon of the same boot, or
    /// the last boot.</param>
    public static BootRecord Of(
        string release, IReadOnlyList<AliasReport> aliases, IReadOnlyList<ModuleRecord> modules,
        IReadOnlySet<string> rootModules, Func<string, string?> fileOf, BootRecord? earlier)
    {
        var loads = new LoadPaths(aliases, modules);
        var paths = new List<LoadPath>();
        foreach (var alias in aliases.Where(alias => alias.Modules.Count > 0 && IsPlain(alias.Modalias)))
        {
            var known = earlier?._paths.GetValueOrDefault(alias.Modalias);
            var isForRoot = rootModules.Count == 0
                ? known is { IsForRoot: true }
                : alias.Modules.Any(module => rootModules.Contains(module.Module));
            var took = loads.TimeOf(alias) ?? known?.Took ?? TimeSpan.Zero;
            paths.Add(new LoadPath(alias.Modalias, took, isForRoot));
        }
        paths.Sort((a, b) => b.Took.CompareTo(a.Took));
        var byModalias = new Dictionary<string, LoadPath>();
        foreach (var path in earlier is null ? paths : paths.Concat(earlier._paths.Values))
        {
            if (byModalias.Count < MaxEntries)
                byModalias.TryAdd(path.Modalias, path);
        }
        var files = loads.ByTime().Select(fileOf).OfType<string>().Where(IsPlain);
        return new BootRecord(release, byModalias, [.. files.Union(earlier?.Files ?? []).Take(MaxEntries)]);
    }

    public string Format()
    {
        var text = new StringBuilder();
        text.Append(Head).Append('\n').Append("release ").Append(Release).Append('\n');
        foreach (var path in _paths.Values)
        {
            text.Append(path.IsForRoot ? "root " : "path ").Append((long)path.Took.TotalMicroseconds).Append(' ');
            text.Append(path.Modalias).Append('\n');
        }
        foreach (var file in Files)
            text.Append("file ").Append(file).Append('\n');
        return $"{text}{End}{Checksum(text.ToString())}\n";
    }

    /// <summary>Reads a record; null if it is damaged, of another format, or of another kernel.</summary>
    public static BootRecord? TryParse(string text, string release)
    {
        var end = text.LastIndexOf('\n' + End, StringComparison.Ordinal) + 1;
        if (end == 0 || text.Length > MaxBytes || text[end..] != $"{End}{Checksum(text[..end])}\n")
            return null;
        var lines = text[..(end - 1)].Split('\n');
        if (lines is not [Head, var second, ..] || second != $"release {release}" || lines.Length > 2 * MaxEntries + 2)
            return null;
        var paths = new Dictionary<string, LoadPath>();
        var files = new List<string>();
        foreach (var line in lines.Skip(2))
        {
            switch (line.Split(' ', 3))
            {
                case [("root" or "path") and var kind, var number, var modalias]
                    when long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds):
                    var took = TimeSpan.FromMicroseconds(Math.Min(microseconds, LoadPath.MaxMicroseconds));
                    paths[modalias] = new LoadPath(modalias, took, kind == "root");
                    break;
                case ["file", ..] when IsInside(line["file ".Length..]):
                    files.Add(line["file ".Length..]);
                    break;
                default:
                    return null;
            }
        }
        return new BootRecord(release, paths, files);
    }

    static string Checksum(string text) =>
        Checksums.Crc64(ByteText.BytesOf(text)).ToString("x16", CultureInfo.InvariantCulture);

    static bool IsPlain(string text) => !text.Contains('\n', StringComparison.Ordinal);

    /// <summary>Whether a relative path stays below its directory.</summary>
    static bool IsInside(string path) =>
        path.Length > 0 && path[0] != '/' && !path.Contains('\0', StringComparison.Ordinal)
        && !path.Split('/').Contains("..");

    /// <summary>What a modalias led to.</summary>
    sealed class LoadPath(string modalias, TimeSpan took, bool isForRoot)
    {
        public const long MaxMicroseconds = 24L * 3600 * 1_000_000;

        public string Modalias => modalias;

        /// <summary>From the first call for the modalias to the end of all that followed from it.</summary>
        public TimeSpan Took => took;

        /// <summary>The root file system needs it.</summary>
        public bool IsForRoot => isForRoot;
    }

    /// <summary>The loads of a boot as a graph: a load follows from the loads of its dependencies, and from the load
    /// for a device whose child it is for.</summary>
    sealed class LoadPaths
    {
        readonly Dictionary<string, ModuleRecord> _modules;
        readonly Dictionary<string, AliasReport> _byDevice = [];
        readonly ILookup<string, AliasReport> _children;
        readonly Dictionary<string, LoadPath?> _known = [];

        public LoadPaths(IReadOnlyList<AliasReport> aliases, IReadOnlyList<ModuleRecord> modules)
        {
            _modules = modules.ToDictionary(module => module.Module);
            var loading = aliases.Where(alias => alias.Modules.Count > 0).ToList();
            foreach (var alias in loading)
                _byDevice.TryAdd(alias.FirstDevice, alias);
            _children = loading.ToLookup(alias => ParentOf(alias)?.Modalias ?? "");
        }

        /// <summary>The modules that were loaded, in the order of their calls.</summary>
        public IEnumerable<string> ByTime()
        {
            var loaded = _modules.Values.Where(module => CallOf(module.Module) is not null).ToList();
            loaded.Sort((a, b) => a.First!.CalledAt!.Value.CompareTo(b.First!.CalledAt!.Value));
            return loaded.Select(module => module.Module);
        }

        /// <summary>Null if nothing was loaded for it.</summary>
        public TimeSpan? TimeOf(AliasReport alias)
        {
            if (_known.TryGetValue(alias.Modalias, out var known))
                return known?.Took;
            // a child's path is longer than its parent's: there is no cycle
            _known[alias.Modalias] = null;
            TimeSpan? longest = null;
            foreach (var module in alias.Modules)
                longest = Later(longest, WithDependencies(module.Module));
            if (longest is not { } took)
                return null;
            TimeSpan? after = null;
            foreach (var child in _children[alias.Modalias])
                after = Later(after, TimeOf(child));
            took += after ?? TimeSpan.Zero;
            Debug.Assert(took >= TimeSpan.Zero, "a call ends after it starts");
            _known[alias.Modalias] = new LoadPath(alias.Modalias, took, false);
            return took;
        }

        static TimeSpan? Later(TimeSpan? one, TimeSpan? other) => one > other || other is null ? one : other;

        /// <summary>The nearest device above an alias' device that had a load, if that began before its own.</summary>
        AliasReport? ParentOf(AliasReport alias)
        {
            var path = alias.FirstDevice;
            for (var slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
            {
                if (_byDevice.GetValueOrDefault(path[..slash]) is { } parent && parent != alias)
                    return StartOf(parent) < StartOf(alias) ? parent : null;
            }
            return null;
        }

        TimeSpan? StartOf(AliasReport alias) => FirstCall(alias.Modules.Select(module => module.Module));

        TimeSpan? FirstCall(IEnumerable<string> modules)
        {
            TimeSpan? first = null;
            foreach (var module in modules)
            {
                if (CallOf(module)?.CalledAt is { } called && !(first < called))
                    first = called;
            }
            return first;
        }

        /// <summary>The module's call, and those of its dependencies that were made for it.</summary>
        TimeSpan? WithDependencies(string module)
        {
            if (CallOf(module) is not { CalledAt: { } calledAt, EndedAt: { } endedAt } first)
                return null;
            return endedAt - (FirstCall(first.Needed) is { } began && began < calledAt ? began : calledAt);
        }

        /// <summary>The module's first load, if it made a call that has returned.</summary>
        FirstLoad? CallOf(string module) => _modules.GetValueOrDefault(module)?.First is { CalledAt: not null } first
            && first.EndedAt >= first.CalledAt ? first : null;
    }
}
