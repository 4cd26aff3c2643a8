using System.Text.RegularExpressions;

namespace Drover.Lab.Prepare;

/// <summary>Debian's archive, through apt: packages are downloaded and unpacked, never installed on this machine (<see cref="HostTools"/> does that).</summary>
sealed partial class DebianPackages(LabCache cache, Action<string> say)
{
    static readonly string[] SandboxOff = ["-o", "APT::Sandbox::User=root"];

    /// <summary>The newest package of a kernel series, found as Debian's users find it: by what a meta package depends on.</summary>
    public async Task<string> KernelImageAsync(string series, CancellationToken stop)
    {
        using var held = await cache.LockAsync(LabCache.Apt, say, stop);
        foreach (var meta in new[] { $"linux-image-{series}-amd64", "linux-image-amd64" })
        {
            string depends;
            try
            {
                depends = await Command.RunAsync("apt-cache", ["depends", meta], stop);
            }
            catch (LabException)
            {
                continue; // this release of Debian has no such meta package
            }
            var image = Dependency().Matches(depends).Select(match => match.Groups["package"].Value).FirstOrDefault(name => name.StartsWith($"linux-image-{series}.", StringComparison.Ordinal));
            if (image is not null)
                return image;
        }
        throw new LabException($"apt knows no kernel {series}: neither linux-image-{series}-amd64 nor linux-image-amd64 depends on one (the lab is written for Debian 12; `apt-get update` may help)", LabException.CannotRunHere);
    }

    /// <summary>The packages and all that they need, as apt would install them where nothing is.</summary>
    public async Task<IReadOnlyList<string>> WithDependenciesAsync(IReadOnlyList<string> packages, CancellationToken stop)
    {
        using var held = await cache.LockAsync(LabCache.Apt, say, stop);
        var printed = await Command.RunAsync("apt-get", [.. SandboxOff, "-o", "Dir::State::status=/dev/null", "-qq", "-y", "--no-install-recommends", "--print-uris", "install", .. packages], stop);
        return Uri().Matches(printed).Select(match => match.Groups["file"].Value.Split('_')[0]).ToList();
    }

    /// <summary>The packages' files, in the cache, downloaded where they are missing.</summary>
    public async Task<IReadOnlyList<string>> FilesAsync(IReadOnlyList<string> packages, CancellationToken stop)
    {
        if (Command.Find("apt-get") is null)
            throw new LabException("there is no apt-get here: the lab takes its kernels and its guest's tools from Debian", LabException.CannotRunHere);

        var folder = cache.Folder("packages");
        using var held = await cache.LockAsync(LabCache.Apt, say, stop);
        var names = await FileNamesAsync(packages, stop);
        var missing = names.Where(pair => !File.Exists(Path.Combine(folder, pair.Value))).ToList();
        if (missing.Count > 0)
        {
            say($"downloading {string.Join(' ', missing.Select(pair => pair.Key))}");
            using var work = cache.Work();
            await Command.RunAsync("apt-get", [.. SandboxOff, "-q", "download", .. missing.Select(pair => pair.Key)], stop, work.Path);
            foreach (var file in Directory.EnumerateFiles(work.Path))
                File.Move(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        }
        return names.Values.Select(name => Path.Combine(folder, name)).ToList();
    }

    /// <summary>Unpacks a package over a folder, through links to folders: a tree whose /bin is /usr/bin stays one.</summary>
    public static Task UnpackAsync(string package, string folder, CancellationToken stop) =>
        Command.ShellAsync("""dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink --no-same-owner -C "$2" """, stop, package, folder);

    /// <summary>
    /// Notes an unpacked package as installed in the folder's dpkg database (dpkg(1), FILES), with the triggers that it waits for. Its scripts have not run.
    /// </summary>
    public static Task RegisterAsync(string package, string folder, CancellationToken stop) => Command.ShellAsync(
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
        [ ! -e "$base/info/$name.triggers" ] || sed -n 's/^interest[a-z-]* \([^/]*\)$/\1/p' "$base/info/$name.triggers" | while read -r trigger; do
            echo "$name" >>"$base/triggers/$trigger"
        done
        """, stop, package, folder);

    static async Task<Dictionary<string, string>> FileNamesAsync(IReadOnlyList<string> packages, CancellationToken stop)
    {
        var printed = await Command.RunAsync("apt-get", [.. SandboxOff, "-q", "--print-uris", "download", .. packages], stop);
        var files = Uri().Matches(printed).Select(match => match.Groups["file"].Value).ToList();
        // apt prints in an order of its own; the package's name leads the file's
        return packages.ToDictionary(package => package, package =>
            files.Find(file => file.StartsWith(package + "_", StringComparison.Ordinal))
            ?? throw new LabException($"apt offers no file for {package}"));
    }

    [GeneratedRegex(@"Depends: (?<package>\S+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Dependency();

    // 'http://…' udev_252.39-1~deb12u2_amd64.deb 1720824 SHA256:…
    [GeneratedRegex(@"^'[^']*' (?<file>\S+\.deb) ", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Uri();
}
