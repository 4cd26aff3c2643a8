using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Drover.Kernel;
using Drover.Text;

namespace Drover.Linux.ProcFs;

/// <summary>A module in the kernel, as lsmod shows it.</summary>
/// <param name="Bytes">Its memory in bytes, without that of its initialisation.</param>
/// <param name="References">Number of users; null if the kernel cannot unload (no CONFIG_MODULE_UNLOAD).</param>
/// <param name="Holders">The modules that use it, in the order of the kernel's directory, which is kmod's.</param>
/// <param name="Taints">Its taint letters, or empty.</param>
public sealed record LoadedModule(
    string Name, long Bytes, int? References, IReadOnlyList<string> Holders, InitState State, string Taints);

/// <summary>/proc/modules, newest first, and details of /sys/module (kmod: <c>kmod_module_get_size</c>, …).</summary>
public static class LoadedModules
{
    /// <summary>All modules, or null if the kernel has no list of them.</summary>
    /// <param name="root">Prefix of <c>/proc</c> and <c>/sys</c>, for a recorded machine.</param>
    /// <exception cref="IOException">The list exists and cannot be read.</exception>
    public static IReadOnlyList<LoadedModule>? Read(string root = "") =>
        ProcModules.Read(root)?.Select(module => Describe($"{root}/sys/module/{module.Name}", module)).ToList();

    // a module removed in between has no directory; the list has its last numbers
    static LoadedModule Describe(string directory, ProcModule module) =>
        new(module.Name, SmallFile.TryReadNumber($"{directory}/coresize") ?? module.Bytes,
            SysModule.ReferencesIn(directory) ?? module.References, SysModule.HoldersIn(directory) ?? module.Users,
            module.State, module.Taints);
}

/// <summary>A module as /proc/modules shows it.</summary>
/// <param name="Bytes">Its memory in bytes.</param>
/// <param name="References">Number of users; null if the kernel cannot unload (no CONFIG_MODULE_UNLOAD).</param>
/// <param name="Permanent">It has no exit function and cannot be removed.</param>
/// <param name="State">Live, coming or going.</param>
/// <param name="Address">Its address; 0 for readers without privilege.</param>
/// <param name="Taints">Its taint letters, or empty.</param>
public sealed record ProcModule(
    string Name, long Bytes, int? References, IReadOnlyList<string> Users, bool Permanent, InitState State,
        ulong Address, string Taints);

/// <summary>Reads /proc/modules: the modules in the kernel, the newest first.</summary>
public static class ProcModules
{
    /// <summary>All modules, or null without the list (no CONFIG_MODULES, or no /proc).</summary>
    /// <param name="root">Prefix of <c>/proc</c>, for a recorded machine.</param>
    /// <exception cref="IOException">The list exists and cannot be read.</exception>
    public static IReadOnlyList<ProcModule>? Read(string root = "")
    {
        var path = $"{root}/proc/modules";
        return File.Exists(path) ? Parse(ByteText.Of(File.ReadAllBytes(path))) : null;
    }

    /// <summary>The modules of a text in the format of /proc/modules, without its malformed lines.</summary>
    public static IReadOnlyList<ProcModule> Parse(string text)
    {
        var modules = new List<ProcModule>();
        foreach (var line in text.Split('\n'))
        {
            if (TryParseLine(line, out var module))
                modules.Add(module);
        }
        return modules;
    }

    // kernel: m_show prints "NAME SIZE", print_unload_info " REFS USER,USER,[permanent]," or " - -", then " STATE
    // 0xADDRESS" and, if any, " (TAINTS)"
    static bool TryParseLine(string line, [NotNullWhen(true)] out ProcModule? module)
    {
        module = null;
        var fields = line.Split(' ');
        if (fields.Length is not (6 or 7) || fields[0].Length == 0 ||
            !long.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ||
            StateOf(fields[4]) is not { } state ||
            !fields[5].StartsWith("0x", StringComparison.Ordinal) ||
            !ulong.TryParse(fields[5].AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out var address))
        {
            return false;
        }
        int? references = null;
        if (fields[2] != "-")
        {
            // −1 for a module that is being unloaded (kernel: module_refcount)
            if (!int.TryParse(fields[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count))
                return false;
            references = count;
        }
        var users = fields[3] == "-" ? [] : fields[3].Split(',', StringSplitOptions.RemoveEmptyEntries).ToList();
        var permanent = users.Remove("[permanent]");
        var taints = fields.Length == 7 ? fields[6].Trim('(', ')') : "";
        module = new(fields[0], bytes, references, users, permanent, state, address, taints);
        return true;
    }

    static InitState? StateOf(string word) => word switch
    {
        "Live" => InitState.Live,
        "Loading" => InitState.Coming,
        "Unloading" => InitState.Going,
        _ => null,
    };
}
