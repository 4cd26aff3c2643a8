using System.Collections.Concurrent;
using Drover.Lab.Host;
using Drover.Lab.Prepare;

namespace Drover.Tests;

/// <summary>Programs of a Debian release, unpacked into the lab's cache and run by their own dynamic linker: nothing is
/// installed here.</summary>
/// <param name="Folder">Stands for the root of that system.</param>
/// <param name="Loader">The words before a program's path.</param>
sealed record UnpackedDebian(string Folder, string Loader)
{
    /// <summary>Libraries that kmod loads when it meets a compressed module.</summary>
    static readonly string[] s_kmodsLibraries = ["liblzma5", "libzstd1"];

    /// <summary>apt names the files of the packages: a second at each call.</summary>
    static readonly ConcurrentDictionary<string, Task<(UnpackedDebian? Unpacked, string? Why)>> s_unpacked = new();

    /// <summary>kmod 34.2.</summary>
    public static Task<(UnpackedDebian? Unpacked, string? Why)> Kmod34Async() =>
        TryUnpackAsync(DebianRelease.Trixie, ["kmod"], s_kmodsLibraries);

    /// <summary>The words before the path of a program, as arguments.</summary>
    public string[] LoaderWords => Loader.Split(' ');

    /// <summary>Unpacks packages with the libraries that they depend on, once for all tests.</summary>
    /// <param name="libraries">Packages of libraries that the programs load by themselves.</param>
    /// <returns>Null and the reason if the packages are not to be had here.</returns>
    public static Task<(UnpackedDebian? Unpacked, string? Why)> TryUnpackAsync(
        DebianRelease release, string[] packages, params string[] libraries) => s_unpacked.GetOrAdd(
            $"{release} {string.Join(' ', packages)}", _ => UnpackAsync(release, packages, libraries));

    static async Task<(UnpackedDebian? Unpacked, string? Why)> UnpackAsync(
        DebianRelease release, string[] packages, string[] libraries)
    {
        try
        {
            var host = new LabHost(Console.Error.WriteLine, CancellationToken.None);
            var architecture = GuestSystem.HostArchitecture;
            var archive = new DebianArchive(host, release, architecture);
            var names = (await archive.WithDependenciesAsync([.. packages, .. libraries]))
                .Where(name => packages.Contains(name)
                    || (DebianArchive.IsLibrary(name) && !name.StartsWith("libjs-", StringComparison.Ordinal)))
                .ToList();
            var files = await archive.FilesAsync(names);
            var key = LabHost.HashOf(string.Join('\n', files.Select(Path.GetFileName)))[..12];
            var folder = await host.EntryAsync(packages[0], key, async made =>
            {
                GuestTree.MergeUsr(made);
                foreach (var file in files)
                    await archive.UnpackAsync(file, made);
            });
            var path = $"{folder}/usr/lib/{architecture.Tuple}";
            return (new(folder, $"{path}/{architecture.DynamicLinker} --library-path {path}"), null);
        }
        catch (LabException problem)
        {
            return (null, problem.Message);
        }
    }
}
