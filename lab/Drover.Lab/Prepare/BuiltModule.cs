namespace Drover.Lab.Prepare;

/// <summary>A module of the lab (guest/NAME.c), built for a system's kernel by that system's own compiler, in a root
/// file system of its own.</summary>
static class BuiltModule
{
    const string Compiled = "build";

    static readonly string[] s_tools =
        ["gcc", "make", "bash", "coreutils", "dash", "findutils", "grep", "mawk", "sed"];

    /// <summary>The module's file in the cache.</summary>
    /// <param name="name">The module, and its source.</param>
    /// <exception cref="LabException">This user cannot change the root file system of a process (chroot).</exception>
    public static async Task<string> PrepareAsync(LabHost host, GuestSystem system, string name)
    {
        var debian = new DebianArchive(host, system.Release, system.Architecture);
        var kernel = (await debian.KernelPackagesAsync(system.KernelSeries))[0];
        // linux-image-6.12.118+deb13-amd64, linux-binary-7.2.13+deb14-amd64
        var release = kernel[(kernel.IndexOf('-', "linux-".Length) + 1)..];
        var version = release[..release.LastIndexOf('-')];
        string[] headers = [$"linux-headers-{version}-common", $"linux-kbuild-{version}"];
        // the headers themselves depend on the image, which nothing here needs
        var packages = await debian.FilesAsync(
            [.. await debian.WithDependenciesAsync([.. s_tools, .. headers]), $"linux-headers-{release}"]);
        var source = Resources.Read($"{name}.c");
        var inputs = string.Join('\n', packages.Select(Path.GetFileName)) + source;
        var key = $"{name}-{release}-{LabHost.HashOf(inputs)[..12]}";
        var entry = await host.EntryAsync("built", key, async made =>
        {
            if (Environment.UserName != "root")
                throw LabException.CannotRunHere("only root can build a module in a root file system of its own");
            host.Log($"building {name}.ko for {release}");
            using var work = host.Work();
            GuestTree.MergeUsr(work.Path);
            foreach (var package in packages)
                await debian.UnpackAsync(package, work.Path);
            var folder = Directory.CreateDirectory(work.File(Compiled)).FullName;
            await File.WriteAllTextAsync(Path.Combine(folder, $"{name}.c"), source);
            await File.WriteAllTextAsync(Path.Combine(folder, "Makefile"), $"obj-m := {name}.o\n");
            await host.ShellAsync(
                """
                set -e
                mkdir -p "$1/tmp" "$1/dev" "$1/proc"
                : >"$1/dev/null"
                ln -sf dash "$1/usr/bin/sh"
                ln -sf mawk "$1/usr/bin/awk"
                # objtool reads /proc/self/limits
                unshare --mount sh -euc 'mount -t proc proc "$1/proc"
                    exec chroot "$1" /usr/bin/env -i PATH=/usr/bin LC_ALL=C \
                        make -C "/usr/src/linux-headers-$2" M=/build modules' sh "$1" "$2"
                """, work.Path, release);
            File.Move(Path.Combine(folder, $"{name}.ko"), Path.Combine(made, $"{name}.ko"));
        });
        return Path.Combine(entry, $"{name}.ko");
    }
}
