using Drover.Kernel;
using Drover.Linux.Syscalls;

namespace Drover.Linux.ProcFs;

/// <summary>Reads <c>/sys/module</c>.</summary>
public static class SysModule
{
    const string Root = "/sys/module/";

    /// <summary>The state; a built-in with parameters reads as <see cref="InitState.Coming"/>, as in libkmod.</summary>
    public static InitState InitStateOf(string module) => InitStateOf(module, Root);

    /// <inheritdoc cref="InitStateOf(string)"/>
    /// <param name="root">As for <see cref="Compression"/>.</param>
    public static InitState InitStateOf(string module, string root)
    {
        if (module.Length == 0 || module.Contains('/') || module is "." or "..")
            return InitState.Absent;
        return SmallFile.TryRead($"{root}{module}/initstate", out var error) switch
        {
            "live" => InitState.Live,
            "coming" => InitState.Coming,
            "going" => InitState.Going,
            // The directory is created before its attributes (kernel: mod_sysfs_setup).
            null when error is Errno.ENOENT => Exists(root + module) ? InitState.Coming : InitState.Absent,
            // It is being removed right now (kernfs: kernfs_get_active).
            null when error is Errno.ENODEV => InitState.Going,
            _ => InitState.Absent,
        };
    }

    /// <summary>Whether the directory holds only the parameters of a built-in module: a module that is being loaded has
    /// <c>holders</c> before it has <c>parameters</c> (kernel: mod_sysfs_setup). Without modules.builtin of this
    /// kernel, this is the only way to tell them apart; treating a built-in as coming would wait forever.</summary>
    /// <param name="root">As for <see cref="Compression"/>.</param>
    public static bool IsBuiltIn(string module, string root = Root) =>
        Exists($"{root}{module}/parameters") && !Exists($"{root}{module}/holders");

    /// <summary>Whether a module has registered drivers (kernel: module_add_driver).</summary>
    internal static bool HasDrivers(string module) => Exists($"{Root}{module}/drivers");

    /// <summary>The format the kernel decompresses (kernel: compression_show), or none.</summary>
    /// <param name="root">The directory of modules, with its slash, of this machine or of a recorded one.</param>
    public static ModuleCompression Compression(string root = Root) =>
        CompressionOf(SmallFile.TryRead(root + "compression"));

    /// <summary>The format named by the text of <c>compression</c>.</summary>
    public static ModuleCompression CompressionOf(string? text) => text switch
    {
        "gzip" => ModuleCompression.Gzip,
        "xz" => ModuleCompression.Xz,
        "zstd" => ModuleCompression.Zstd,
        _ => ModuleCompression.None,
    };

    /// <summary>Normalised names of the live modules; null in a recording without the directory.</summary>
    /// <param name="root">As for <see cref="Compression"/>.</param>
    /// <exception cref="IOException">The directory exists and cannot be read.</exception>
    public static IReadOnlySet<string>? Live(string root = Root) => !Directory.Exists(root)
        ? null
        : Directory.EnumerateDirectories(root)
            .Where(module => SmallFile.TryRead($"{module}/initstate") == "live")
            .Select(module => Path.GetFileName(module))
            .ToHashSet(StringComparer.Ordinal);

    /// <summary><c>refcnt</c>; null if the module is absent or there is no CONFIG_MODULE_UNLOAD.</summary>
    public static int? ReferencesTo(string module) => ReferencesIn(Root + module);

    /// <summary><c>holders</c>, in directory order, which is kmod's; null as above.</summary>
    public static IReadOnlyList<string>? HoldersOf(string module) => HoldersIn(Root + module);

    static bool Exists(string path) =>
        Libc.StatXAt(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, out _) == 0;

    internal static int? ReferencesIn(string directory) => (int?)SmallFile.TryReadNumber($"{directory}/refcnt");

    internal static IReadOnlyList<string>? HoldersIn(string directory)
    {
        try
        {
            return Array.ConvertAll(Directory.GetFileSystemEntries($"{directory}/holders"), path =>
                Path.GetFileName(path));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
