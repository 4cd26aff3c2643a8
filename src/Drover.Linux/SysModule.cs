using System.Globalization;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Linux;

/// <summary><c>/sys/module</c>: what the kernel tells of modules. Stateless; safe for any thread.</summary>
public static class SysModule
{
    const string Root = "/sys/module/";

    /// <summary>
    /// The module's state. A built-in module with parameters has a directory and never an initstate, and so reads as <see cref="InitState.Coming"/>: whoever asks
    /// has looked into modules.builtin before, as libkmod's users do.
    /// </summary>
    public static InitState InitStateOf(string module)
    {
        if (module.Length == 0 || module.Contains('/') || module is "." or "..")
        {
            return InitState.Absent;
        }

        return SmallFile.TryRead(Root + module + "/initstate", out var error) switch
        {
            "live" => InitState.Live,
            "coming" => InitState.Coming,
            "going" => InitState.Going,

            // The directory is made before its attributes (kernel: mod_sysfs_setup). ENODEV: it is being unmade under us (kernfs: kernfs_get_active).
            null when error is Errno.ENOENT => Directory.Exists(Root + module) ? InitState.Coming : InitState.Absent,
            null when error is Errno.ENODEV => InitState.Going,
            _ => InitState.Absent,
        };
    }

    /// <summary>
    /// Whether a directory is that of a built-in module's parameters: a module that is being loaded has its <c>holders</c> before it has parameters (kernel:
    /// mod_sysfs_setup). Without modules.builtin of this kernel that is all that tells the two apart; who took it for coming would wait for ever.
    /// </summary>
    internal static bool IsBuiltIn(string module) => Directory.Exists($"{Root}{module}/parameters") && !Directory.Exists($"{Root}{module}/holders");

    /// <summary>Whether a module has registered drivers (kernel: module_add_driver).</summary>
    internal static bool HasDrivers(string module) => Directory.Exists($"{Root}{module}/drivers");

    /// <summary>The format the kernel decompresses, or none: without CONFIG_MODULE_DECOMPRESS the file is not there (kernel: compression_show).</summary>
    /// <param name="root">The directory of modules, with its slash: another machine's, recorded.</param>
    public static ModuleCompression Compression(string root = Root) => CompressionOf(SmallFile.TryRead(root + "compression"));

    /// <summary>By the text of that file.</summary>
    internal static ModuleCompression CompressionOf(string? text) => text switch
    {
        "gzip" => ModuleCompression.Gzip,
        "xz" => ModuleCompression.Xz,
        "zstd" => ModuleCompression.Zstd,
        _ => ModuleCompression.None,
    };

    /// <summary>The modules that are live, normalised; null where there is no such directory: of a machine recorded without it nothing is known.</summary>
    /// <param name="root">As above.</param>
    /// <exception cref="IOException">The directory is there and cannot be read.</exception>
    public static IReadOnlySet<string>? Live(string root = Root) => !Directory.Exists(root) ? null
        : new HashSet<string>(Directory.EnumerateDirectories(root).Where(module => SmallFile.TryRead($"{module}/initstate") == "live").Select(module => Path.GetFileName(module)), StringComparer.Ordinal);

    /// <summary>Users of the module (<c>refcnt</c>). Null for a module that is not there, or that this kernel cannot unload (no CONFIG_MODULE_UNLOAD).</summary>
    public static int? ReferencesTo(string module) =>
        int.TryParse(SmallFile.TryRead($"{Root}{module}/refcnt"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count) ? count : null;

    /// <summary>Modules that use it (<c>holders</c>). Null as above.</summary>
    public static IReadOnlyList<string>? HoldersOf(string module)
    {
        try
        {
            return Directory.GetFileSystemEntries($"{Root}{module}/holders") is { } paths ? Array.ConvertAll(paths, path => Path.GetFileName(path)) : null;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
