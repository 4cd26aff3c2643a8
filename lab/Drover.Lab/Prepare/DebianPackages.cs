using System.Text.RegularExpressions;

namespace Drover.Lab.Prepare;

/// <summary>Debian's archive through apt. Packages are downloaded and unpacked, never installed here.</summary>
sealed partial class DebianPackages(LabHost host)
{
    static readonly string[] s_sandboxOff = ["-o", "APT::Sandbox::User=root"];

    /// <summary>The newest package of a kernel series, by the dependencies of Debian's meta packages.</summary>
    public async Task<string> KernelImageAsync(string series)
    {
        using var held = await host.LockAsync(LabHost.Apt);
        foreach (var meta in new[] { $"linux-image-{series}-amd64", "linux-image-amd64" })
        {
            string depends;
            try
            {
                depends = await host.RunAsync("apt-cache", ["depends", meta]);
            }
            catch (LabException)
            {
                continue; // this release of Debian has no such meta package
            }
            var image = Dependency.Matches(depends).Select(match => match.Groups["package"].Value)
                .FirstOrDefault(name => name.StartsWith($"linux-image-{series}.", StringComparison.Ordinal));
            if (image is not null)
                return image;
        }
        throw LabException.CannotRunHere(
            $"apt knows no kernel {series}: neither linux-image-{series}-amd64 nor linux-image-amd64 depends on one"
            + " (the lab is written for Debian 12; `apt-get update` may help)");
    }

    /// <summary>The packages and their dependencies, as apt installs them on an empty system.</summary>
    public async Task<IReadOnlyList<string>> WithDependenciesAsync(IReadOnlyList<string> packages)
    {
        using var held = await host.LockAsync(LabHost.Apt);
        var files = await FilesOfAsync(
            ["-o", "Dir::State::status=/dev/null", "-qq", "-y", "--no-install-recommends", "install", .. packages]);
        return files.Select(file => file.Split('_')[0]).ToList();
    }

    /// <summary>The packages' files in the cache; missing ones are downloaded.</summary>
    public async Task<IReadOnlyList<string>> FilesAsync(IReadOnlyList<string> packages)
    {
        if (LabHost.Find("apt-get") is null)
            throw LabException.CannotRunHere("no apt-get: the lab takes its kernels and the guest's tools from Debian");

        var folder = host.Folder("packages");
        using var held = await host.LockAsync(LabHost.Apt);
        // apt prints in its own order; a file's name starts with the package's
        var files = await FilesOfAsync(["-q", "download", .. packages]);
        var names = packages.ToDictionary(package => package, package =>
            files.Find(file => file.StartsWith(package + "_", StringComparison.Ordinal))
            ?? throw new LabException($"apt offers no file for {package}"));
        var missing = packages.Where(package => !File.Exists(Path.Combine(folder, names[package]))).ToList();
        if (missing.Count > 0)
        {
            host.Log($"downloading {string.Join(' ', missing)}");
            using var work = host.Work();
            await host.RunAsync("apt-get", [.. s_sandboxOff, "-q", "download", .. missing], work.Path);
            foreach (var file in Directory.EnumerateFiles(work.Path))
                File.Move(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        }
        return packages.Select(package => Path.Combine(folder, names[package])).ToList();
    }

    /// <summary>Unpacks a package into a folder, through links to folders: a /bin that is a link stays one.</summary>
    public Task UnpackAsync(string package, string folder) => host.ShellAsync(
        """dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink --no-same-owner -C "$2" """, package, folder);

    /// <summary>Adds an unpacked package to the folder's dpkg database as installed (dpkg(1), FILES), with its
    /// triggers. Its maintainer scripts are not run.</summary>
    public Task RegisterAsync(string package, string folder) => host.ShellAsync(
        """
        set -e
        base=$2/var/lib/dpkg
        mkdir -p "$base/info" "$base/updates" "$base/triggers"
        package=$(dpkg-deb -f "$1" Package)
        name=$package
        [ "$(dpkg-deb -f "$1" Multi-Arch)" != same ] || name=$name:$(dpkg-deb -f "$1" Architecture)
        { dpkg-deb -f "$1"; echo 'Status: install ok installed'; echo; } >>"$base/status"
        dpkg-deb --fsys-tarfile "$1" | tar -t | sed 's,^\.,,; s,/$,,; s,^$,/.,' >"$base/info/$name.list"
        dpkg-deb -e "$1" "$base/new"
        rm "$base/new/control"
        for file in "$base"/new/*; do
            [ ! -e "$file" ] || mv "$file" "$base/info/$name.${file##*/}"
        done
        rmdir "$base/new"
        [ ! -e "$base/info/$name.triggers" ] ||
            sed -n 's/^interest[a-z-]* \([^/]*\)$/\1/p' "$base/info/$name.triggers" | while read -r trigger; do
                echo "$name" >>"$base/triggers/$trigger"
            done
        """, package, folder);

    /// <summary>The names of the package files that an apt-get command would download.</summary>
    async Task<List<string>> FilesOfAsync(string[] command)
    {
        var printed = await host.RunAsync("apt-get", [.. s_sandboxOff, "--print-uris", .. command]);
        return Uri.Matches(printed).Select(match => match.Groups["file"].Value).ToList();
    }

    [GeneratedRegex(@"Depends: (?<package>\S+)", RegexOptions.ExplicitCapture)]
    static partial Regex Dependency { get; }

    // 'http://…' udev_252.39-1~deb12u2_amd64.deb 1720824 SHA256:…
    [GeneratedRegex(@"^'[^']*' (?<file>\S+\.deb) ", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    static partial Regex Uri { get; }
}

/// <summary>Tools that must be installed on this machine: QEMU, and a compiler for the gates kernel. Missing ones are
/// installed through apt, with a message.</summary>
static class HostTools
{
    public const string Qemu = "qemu-system-x86_64";

    static readonly (string Program, string Package)[] s_forRunning =
        [(Qemu, "qemu-system-x86"), ("dpkg-deb", "dpkg"), ("tar", "tar"), ("mke2fs", "e2fsprogs")];

    static readonly (string Program, string Package)[] s_forBuilding =
    [
        ("make", "make"), ("gcc", "gcc"), ("flex", "flex"), ("bison", "bison"), ("bc", "bc"), ("perl", "perl"),
        ("patch", "patch"), ("xz", "xz-utils"), ("/usr/include/libelf.h", "libelf-dev"),
    ];

    public static Task EnsureForRunningAsync(LabHost host) => EnsureAsync(s_forRunning, host);
    public static Task EnsureForBuildingAsync(LabHost host) => EnsureAsync(s_forBuilding, host);

    static async Task EnsureAsync((string Program, string Package)[] tools, LabHost host)
    {
        if (Missing() is not [_, ..] missing)
            return;
        var install = $"apt-get install {string.Join(' ', missing)}";
        if (LabHost.Find("apt-get") is null)
            throw LabException.CannotRunHere($"the lab needs {string.Join(", ", missing)}, and there is no apt-get");
        if (!Environment.IsPrivilegedProcess)
            throw LabException.CannotRunHere($"the lab needs root once, to run `{install}`");

        using var held = await host.LockAsync(LabHost.Apt);
        // the previous holder of the lock may have installed them
        if (Missing().Count == 0)
            return;
        host.Log($"{install} (this installs packages on this machine)");
        await host.RunAsync("apt-get", ["-q", "update"]);
        await host.RunAsync("apt-get", ["-q", "-y", "--no-install-recommends", "install", .. missing]);

        List<string> Missing() =>
            tools.Where(tool => LabHost.Find(tool.Program) is null).Select(tool => tool.Package).ToList();
    }
}
