using System.Globalization;
using Drover.Loading;

namespace Drover.Linux;

/// <summary>A module in the kernel, as lsmod shows it.</summary>
/// <param name="Name">Normalised name.</param>
/// <param name="Bytes">Memory it takes, in bytes, without what it needed for its initialisation only.</param>
/// <param name="References">How many hold it; null where the kernel cannot unload (no CONFIG_MODULE_UNLOAD).</param>
/// <param name="Holders">The modules that use it, in the order in which the kernel's directory has them, which is kmod's.</param>
/// <param name="State">Live, coming or going.</param>
/// <param name="Taints">Its taint letters, or empty.</param>
public sealed record LoadedModule(string Name, long Bytes, int? References, IReadOnlyList<string> Holders, InitState State, string Taints);

/// <summary>
/// The modules in the kernel, the newest first: <c>/proc/modules</c> says which, and <c>/sys/module</c> what is known of each, as libkmod asks
/// (kmod: <c>kmod_module_get_refcnt</c>, <c>_get_size</c>, <c>_get_holders</c>). Stateless; safe for any thread.
/// </summary>
public static class LoadedModules
{
    /// <summary>All modules, or null where the kernel has no list of them.</summary>
    /// <param name="root">Stands before <c>/proc</c> and <c>/sys</c>: another machine's, recorded.</param>
    /// <exception cref="IOException">The list is there and cannot be read.</exception>
    public static IReadOnlyList<LoadedModule>? Read(string root = "")
    {
        if (ProcModules.Read(root) is not { } listed)
        {
            return null;
        }

        return [.. listed.Select(module => Describe($"{root}/sys/module/{module.Name}", module))];
    }

    // a module that leaves while we look has no directory any more: then the list's own numbers are its last
    static LoadedModule Describe(string directory, ProcModule module) =>
        new(module.Name, Number(directory + "/coresize") ?? module.Bytes, (int?)Number(directory + "/refcnt") ?? module.References,
            Holders(directory + "/holders") ?? module.Users, module.State, module.Taints);

    static long? Number(string path) =>
        long.TryParse(SmallFile.TryRead(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    static List<string>? Holders(string path)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(path).Select(holder => Path.GetFileName(holder))];
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
