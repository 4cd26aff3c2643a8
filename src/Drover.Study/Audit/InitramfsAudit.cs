using Drover.Linux.Files;
using Drover.Linux.Sysfs;
using Drover.Loading;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Patterns;
using Drover.Study.Policy;

namespace Drover.Study.Audit;

/// <summary>A module that the image lacks.</summary>
/// <param name="For"><c>root</c> or <c>keyboard</c>.</param>
/// <param name="Why">A driver of it, or what needs it.</param>
sealed record LackingModule(string Module, string For, string Why);

/// <summary>A file of configuration in which the image and the system differ.</summary>
sealed record DifferingFile(string Path, string Difference);

/// <summary>What an initramfs lacks of what this machine needs before its root file system is there, and where its
/// configuration is not the system's.</summary>
sealed class InitramfsAudit
{
    /// <summary>The keys KEY_ESC to KEY_S, all of which a keyboard has (udev: ID_INPUT_KEYBOARD).</summary>
    const ulong KeyboardKeys = 0xfffffffe;

    readonly InitramfsImage _image;
    readonly ModuleCatalog _catalog;
    readonly string _sys;
    readonly HashSet<string> _inImage;

    InitramfsAudit(InitramfsImage image, ModuleCatalog catalog, string sys)
    {
        (_image, _catalog, _sys) = (image, catalog, sys);
        var modules = $"lib/modules/{Release}/";
        _inImage = [.. image.Files.Keys
            .Where(path => path.StartsWith(modules, StringComparison.Ordinal) && ModuleName.IsFileName(path))
            .Select(ModuleName.FromPath)];
    }

    public string Release => Path.GetFileName(_catalog.Tree.Directory.TrimEnd('/'));

    /// <summary>Modules of this kernel in the image.</summary>
    public int ModulesInImage => _inImage.Count;

    /// <summary>Modules that root and the keyboard need, what they need included.</summary>
    public int Needed { get; private set; }

    public IReadOnlyList<LackingModule> Lacking { get; private set; } = [];

    /// <summary>What other devices want and the image lacks: they get it when the root file system is there.</summary>
    public IReadOnlyList<string> Later { get; private set; } = [];

    public IReadOnlyList<DifferingFile> Files { get; private set; } = [];

    /// <summary>What could not be seen, a sentence each.</summary>
    public IReadOnlyList<string> Limitations { get; private set; } = [];

    /// <param name="root">The system that has the configuration.</param>
    /// <param name="sys">The sysfs of the machine, or a copy.</param>
    /// <param name="mountInfo">The text of /proc/self/mountinfo; "" if it is another machine's.</param>
    public static InitramfsAudit Of(
        InitramfsImage image, ModuleCatalog catalog, string root, string sys, string mountInfo)
    {
        var audit = new InitramfsAudit(image, catalog, sys);
        List<string> limitations = [];
        var device = RootDevice.PathOf(sys, mountInfo);
        var drivers = new Dictionary<string, (string For, string Why)>();
        if (device is null)
            limitations.Add("The device of the root file system is not known: what it needs is not checked.");
        else
            audit.AddRoot(device, mountInfo, drivers);
        foreach (var keyboard in audit.Keyboards())
        {
            foreach (var (module, why) in audit.DriversOf(keyboard))
                drivers.TryAdd(module, ("keyboard", why));
        }
        audit.Check(drivers);
        audit.Later =
        [
            .. ModuleWishes.OfDevices(sys, catalog).Select(wish => wish.Module.Name).Distinct()
                .Where(module => !audit._inImage.Contains(module) && !audit.Lacking.Any(one => one.Module == module))
                .Order(StringComparer.Ordinal),
        ];
        audit.Files = [.. audit.Differences(root)];
        audit.Limitations = limitations;
        return audit;
    }

    void AddRoot(string device, string mountInfo, Dictionary<string, (string For, string Why)> modules)
    {
        foreach (var (module, why) in DriversOf(device))
            modules.TryAdd(module, ("root", why));
        // the type follows the separator (proc_pid_mountinfo(5))
        var mount = RootDevice.MountOf(mountInfo)!;
        Add($"fs-{mount.SkipWhile(word => word != "-").ElementAtOrDefault(1)}", "its file system");
        if (device.Contains("/block/dm-", StringComparison.Ordinal))
            Add("dm_mod", "its block device");
        if (Text($"{device}/dm/uuid").StartsWith("CRYPT-", StringComparison.Ordinal))
            Add("dm_crypt", "its encryption");
        if (Text($"{device}/md/level").Trim() is { Length: > 0 } level)
            Add($"md-{level}", "its RAID level");

        void Add(string name, string why)
        {
            foreach (var found in FoundModule.All(_catalog, name))
                modules.TryAdd(found.Name, ("root", why));
        }
    }

    /// <summary>The modules of the drivers that a device needs.</summary>
    IEnumerable<(string Module, string Why)> DriversOf(string path)
    {
        foreach (var device in RootDevice.DriversAbove(_sys, path))
        {
            if (RootDevice.ModuleOf(device) is { } own)
            {
                yield return (own, "a driver of it");
                continue;
            }
            foreach (var module in OfAlias(Text($"{device}/modalias").Trim()))
                yield return (module, "a driver of it, built into the running kernel");
        }
    }

    /// <summary>The modules of this kernel for a device; none where it has the driver built in. Any one that the image
    /// has is enough.</summary>
    IEnumerable<string> OfAlias(string alias)
    {
        if (!ModuleName.TryNormalizeAlias(alias, out var name) || _catalog.Tree.MatchBuiltInAliases(name).Count > 0)
            return [];
        var modules = FoundModule.All(_catalog, alias).Select(found => found.Name).ToList();
        return modules.Exists(_inImage.Contains) ? modules.Where(_inImage.Contains) : modules;
    }

    /// <summary>The directory of each keyboard.</summary>
    IEnumerable<string> Keyboards()
    {
        var inputs = $"{_sys}/class/input";
        foreach (var name in SystemFiles.Current.IsDirectory(inputs) ? SystemFiles.Current.List(inputs) : [])
        {
            var keys = Text($"{inputs}/{name}/capabilities/key").Trim().Split(' ')[^1];
            if (!ulong.TryParse(keys, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var first)
                || (first & KeyboardKeys) != KeyboardKeys || LinuxPath.Real($"{inputs}/{name}") is not { } device)
            {
                continue;
            }
            yield return device;
        }
    }

    /// <summary>Follows what modules need, as the loader does.</summary>
    void Check(Dictionary<string, (string For, string Why)> drivers)
    {
        var seen = new HashSet<string>();
        var lacking = new List<LackingModule>();
        var open = new Queue<LackingModule>(
            drivers.Select(driver => new LackingModule(driver.Key, driver.Value.For, driver.Value.Why)));
        while (open.TryDequeue(out var one))
        {
            if (_catalog.Tree.Find(one.Module) is not { } entry || !seen.Add(one.Module))
                continue; // built in, or no such module
            if (!_inImage.Contains(one.Module))
                lacking.Add(one);
            foreach (var needed in entry.Dependencies)
                open.Enqueue(new LackingModule(needed, one.For, $"{one.Module} needs it"));
            var (pre, post) = _catalog.SoftDependenciesOf(one.Module);
            Follow(one, pre.Concat(post), "softdep");
            Follow(one, _catalog.Config.WeakDependencies
                .Where(rule => Fnmatch.Matches(rule.Pattern, one.Module)).SelectMany(rule => rule.Modules), "weakdep");
        }
        (Needed, Lacking) = (seen.Count, lacking);

        void Follow(LackingModule from, IEnumerable<string> names, string kind)
        {
            foreach (var found in names.SelectMany(name => FoundModule.All(_catalog, name)))
                open.Enqueue(new LackingModule(found.Name, from.For, $"{kind} of {from.Module}"));
        }
    }

    IEnumerable<DifferingFile> Differences(string root)
    {
        var top = root.TrimEnd('/');
        IEnumerable<string> all =
            [.. ModprobeConfig.DirectoriesBelow(root), .. ModulePolicy.DirectoriesBelow(root)];
        // /run is not in an image; of /lib and /usr/lib the image has one
        var directories = all.Select(path => KeyOf(path, top)).Distinct()
            .Where(path => !path.StartsWith("run/", StringComparison.Ordinal)).ToArray();
        return directories.SelectMany(directory => Differences(top, directory));
    }

    IEnumerable<DifferingFile> Differences(string top, string directory)
    {
        var here = Directories(top, directory).SelectMany(place => SystemFiles.Current.List(place)).ToHashSet();
        var there = _image.Files.Keys.Where(path => path.StartsWith($"{directory}/", StringComparison.Ordinal))
            .Select(path => path[(directory.Length + 1)..]).ToHashSet();
        foreach (var name in here.Union(there).Where(name => name.EndsWith(".conf", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal))
        {
            var path = $"{directory}/{name}";
            var file = Directories(top, directory).Select(place => $"{place}/{name}")
                .FirstOrDefault(SystemFiles.Current.IsFile);
            if (_image.TextOf(path) is not { } text)
                yield return new DifferingFile(path, "not in the image");
            else if (file is null)
                yield return new DifferingFile(path, "only in the image");
            else if (!text.Span.SequenceEqual(SystemFiles.Current.ReadRegular(file)))
                yield return new DifferingFile(path, $"other contents; the image's is {Age(path, file)}");
        }
    }

    string Age(string path, string file)
    {
        var (inImage, here) = (_image.Files[path].Modified, new DateTimeOffset(File.GetLastWriteTimeUtc(file)));
        var age = inImage < here ? "older" : "not older";
        return string.Create(CultureInfo.InvariantCulture, $"{age} ({inImage:yyyy-MM-dd}, here {here:yyyy-MM-dd})");
    }

    static IEnumerable<string> Directories(string top, string directory) =>
        new[] { $"{top}/{directory}", $"{top}/usr/{directory}" }.Where(SystemFiles.Current.IsDirectory);

    static string KeyOf(string path, string top)
    {
        var key = path[top.Length..].TrimStart('/');
        return key.StartsWith("usr/", StringComparison.Ordinal) ? key["usr/".Length..] : key;
    }

    static string Text(string file) =>
        SystemFiles.Current.IsFile(file) ? ByteText.Of(SystemFiles.Current.ReadRegular(file)) : "";
}
