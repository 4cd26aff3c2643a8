using Drover.Devices;
using Drover.Linux.ProcFs;
using Drover.Linux.Runtime;
using Drover.Linux.Sysfs;
using Drover.Loading;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Study.Recordings;
using Drover.Study.Scenarios;

namespace Drover.Study.Policy;

/// <summary>A module that something on a machine asks for, or has loaded.</summary>
/// <param name="Asked">The name or alias of the request; null if it is not known: the module is live.</param>
/// <param name="By">The device, line or program that asks, for people.</param>
sealed record ModuleWish(FoundModule Module, string? Asked, string By);

/// <summary>What a machine asks for: devices, modules-load.d, file systems, container engines, live modules, and
/// recorded boots.</summary>
static class ModuleWishes
{
    /// <summary>What a container engine asks for by name or through a system call, although no device does.</summary>
    static readonly string[] s_containerModules =
    [
        "overlay", "veth", "bridge", "br_netfilter", "nf_nat", "nf_conntrack", "nf_tables", "nft_compat",
        "nft_chain_nat", "ip_tables", "iptable_nat", "iptable_filter", "ip6_tables", "xt_conntrack", "xt_MASQUERADE",
        "xt_addrtype", "xt_comment", "xt_mark", "xt_multiport", "vxlan", "macvlan", "ipvlan", "tun", "fuse",
    ];

    static readonly string[] s_engines =
        ["docker", "dockerd", "podman", "containerd", "kubelet", "crio", "lxc-start", "incusd", "systemd-nspawn"];

    /// <summary>All wishes of a command line's machine, the ones with a reason before live modules. Warns of what may
    /// be of another machine.</summary>
    /// <exception cref="RecordingException">A recording cannot be read.</exception>
    public static IReadOnlyList<ModuleWish> Of(
        Arguments arguments, ModuleCatalog catalog, IEnumerable<string> recordings, Terminal terminal)
    {
        var root = ModuleSource.RootOf(arguments);
        var sys = arguments.Text(ScenarioSource.Sys) ?? (root == "/" ? ScenarioSource.ThisSys : null);
        if (sys is null)
        {
            terminal.Warn($"what devices of {root} ask for, and what is live there, is known from recordings only: "
                + "--sys names a copy of its /sys");
        }
        return
        [
            .. sys is null ? [] : OfDevices(sys, catalog, terminal), .. OfModulesLoad(root, catalog),
            .. OfFileSystems(root, catalog), .. OfContainers(root, catalog),
            .. recordings.SelectMany(file => OfRecording(file, catalog, terminal)),
            .. sys is null ? [] : OfLive(sys),
        ];
    }

    public static IEnumerable<ModuleWish> OfDevices(string sys, ModuleCatalog catalog, Terminal? terminal = null)
    {
        using var devices = new SysfsDevices(new LiveLoop(), sys);
        var requests = ColdplugSurvey.Of(devices.Enumerate()).Requests;
        if (requests.Count == 0 || devices.Counts.Unreadable > 0)
            terminal?.Warn($"{sys}: devices are missing, or their uevent files cannot be read");
        return [.. requests.SelectMany(request => Find(catalog, request.Name, request.Requester ?? "a device"))];
    }

    public static IEnumerable<ModuleWish> OfModulesLoad(string root, ModuleCatalog catalog) =>
        ModulesLoadConfig.Load(root, root == "/" ? Machine.CommandLine() : null, isInitramfs: false).Lines
            .SelectMany(line => Find(catalog, line.Name, $"{line.Source}"));

    /// <summary>Types of /etc/fstab: mount(8) makes the kernel ask for them (kernel: get_fs_type).</summary>
    public static IEnumerable<ModuleWish> OfFileSystems(string root, ModuleCatalog catalog)
    {
        var path = Path.Join(root, "etc/fstab");
        if (!SystemFiles.Current.IsFile(path))
            return [];
        return
            from line in ByteText.Of(SystemFiles.Current.ReadRegular(path)).Split('\n').Index()
            let words = line.Item.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)
            where words.Length > 2 && words[0][0] != '#'
            from type in words[2].Split(',')
            from wish in Find(catalog, $"fs-{type}", $"{path}:{line.Index + 1}")
            select wish;
    }

    static IEnumerable<ModuleWish> OfContainers(string root, ModuleCatalog catalog)
    {
        var places = (string[])["usr/bin", "usr/sbin", "usr/local/bin", "bin", "sbin"];
        var engine = s_engines.FirstOrDefault(
            name => places.Any(place => SystemFiles.Current.IsFile(Path.Join(root, place, name))));
        return engine is null
            ? []
            : s_containerModules.SelectMany(name => Find(catalog, name, $"{engine} is installed"));
    }

    static List<ModuleWish> OfRecording(string file, ModuleCatalog catalog, Terminal terminal)
    {
        var release = Path.GetFileName(catalog.Tree.Directory.TrimEnd('/'));
        var wishes = new List<ModuleWish>();
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var recording in RecordingFile.Load(file))
        {
            if (recording.Kernel is { } kernel && kernel != release)
                terminal.Warn($"{file}: was recorded with kernel {kernel}; this looks at the modules of {release}");
            var needers = new Dictionary<string, string>();
            foreach (var call in recording.Calls)
            {
                foreach (var needed in call.Needed)
                    needers.TryAdd(needed, call.Module);
            }
            foreach (var call in recording.Calls)
            {
                if (call.Result == "0" && call.Module != RecordedCall.UnknownModule)
                    Add(call.Module, call.Request, call.Requester, AskerOf(call));
            }
            foreach (var live in recording.Live)
                Add(live.Module, live.Request, live.Requester, "live");

            string AskerOf(RecordedCall call)
            {
                if (needers.TryGetValue(call.Module, out var needer))
                    return $"needed by {needer}";
                return call.Worker.Length > 0 ? call.Worker : recording.Name;
            }
        }
        if (missing.Count > 0)
        {
            terminal.Warn($"{file}: modules that {catalog.Tree.Directory} does not have are left out: "
                + string.Join(", ", missing));
        }
        return wishes;

        void Add(string module, string? request, string? requester, string otherwise)
        {
            if (catalog.Tree.IsBuiltIn(module))
                return;
            if (catalog.Tree.Find(module) is null)
            {
                missing.Add(module);
                return;
            }
            var by = $"{file}: {requester ?? otherwise}";
            // a timeline has a name for each module, also for a dependency that no one requested
            var found = request is not null && requester is not null
                ? Find(catalog, request, by).FirstOrDefault(wish => wish.Module.Name == module)
                : null;
            wishes.Add(found ?? new ModuleWish(new FoundModule(module, null), null, by));
        }
    }

    static IEnumerable<ModuleWish> OfLive(string sys) =>
        (SysModule.Live($"{sys}/module/") ?? new HashSet<string>()).Order(StringComparer.Ordinal)
            .Select(name => new ModuleWish(new FoundModule(name, null), null, "live"));

    /// <summary>The modules of a name that are not built in.</summary>
    static IEnumerable<ModuleWish> Find(ModuleCatalog catalog, string name, string by) =>
        FoundModule.All(catalog, name).DistinctBy(module => module.Name)
            .Where(module => !catalog.Tree.IsBuiltIn(module.Name) && catalog.Tree.Find(module.Name) is not null)
            .Select(module => new ModuleWish(module, name, by));
}

/// <summary>What loads would bring along, by the loader's own plans.</summary>
sealed class WishPlans(ModuleCatalog catalog)
{
    readonly Planner _planner = new(catalog);

    /// <summary>The plan of a wish as if no module were live.</summary>
    public ModulePlan Of(ModuleWish wish) =>
        ModulePlan.Of(_planner, wish.Module, _ => InitState.Absent, new LoadRequest(wish.Asked ?? wish.Module.Name));

    /// <summary>Why the policy keeps a module out, without the verdict that it is not loaded; null if it does
    /// not.</summary>
    public static string? WhyForbidden(ModulePlan plan, string module)
    {
        const string Verdict = "not loaded: ";
        var why = plan.WhyForbidden(module);
        return why?.StartsWith(Verdict, StringComparison.Ordinal) == true ? why[Verdict.Length..] : why;
    }
}
