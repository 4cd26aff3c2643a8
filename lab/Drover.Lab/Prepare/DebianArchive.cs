using System.Text.RegularExpressions;

namespace Drover.Lab.Prepare;

/// <summary>One release of Debian for one architecture, through apt with lists of its own: the machine's own apt
/// configuration stays as it is. Packages are downloaded and unpacked, never installed here.</summary>
/// <remarks>The mirror is the one that the machine's apt uses for Debian.</remarks>
sealed partial class DebianArchive(LabHost host, DebianRelease release, Architecture architecture)
{
    const string KeyRing = "/usr/share/keyrings/debian-archive-keyring.gpg";

    /// <summary>Lists younger than this are taken as they are.</summary>
    static readonly TimeSpan s_listsAge = TimeSpan.FromHours(12);

    string? _config;

    public Architecture Architecture => architecture;

    string Name => $"{release.Suite}-{architecture.OptionName()}";

    /// <summary>The newest kernel's packages: the one with the image, and the one with the modules where they are apart
    /// (since 7.x).</summary>
    /// <param name="series">Such as 6.12; null for the release's own.</param>
    public async Task<IReadOnlyList<string>> KernelPackagesAsync(string? series)
    {
        var debian = architecture.OptionName();
        string[] metas = series is null
            ? [$"linux-image-{debian}"]
            : [$"linux-image-{series}-{debian}", $"linux-image-{debian}"];
        foreach (var meta in metas)
        {
            var image = (await DependenciesAsync(meta))
                .FirstOrDefault(name => name.StartsWith($"linux-image-{series}", StringComparison.Ordinal)
                    && char.IsAsciiDigit(name["linux-image-".Length]));
            if (image is null)
                continue;
            var split = (await DependenciesAsync(image)).Where(IsPartOfKernel).ToList();
            return split.Count > 0 ? split : [image];
        }
        throw LabException.CannotRunHere($"Debian {release.Suite} has no kernel {series} for {debian}");

        static bool IsPartOfKernel(string name) => name.StartsWith("linux-binary-", StringComparison.Ordinal)
            || name.StartsWith("linux-modules-", StringComparison.Ordinal);
    }

    /// <summary>The newest source package of the kernel, such as linux-source-7.2.</summary>
    public async Task<string> KernelSourceAsync() =>
        await DependenciesAsync("linux-source") is [var source, ..]
            ? source
            : throw LabException.CannotRunHere($"Debian {release.Suite} has no linux-source");

    /// <summary>The packages and their dependencies, as apt installs them on an empty system.</summary>
    public async Task<IReadOnlyList<string>> WithDependenciesAsync(IReadOnlyList<string> packages)
    {
        var files = await FilesOfAsync(["-qq", "-y", "--no-install-recommends", "install", .. packages]);
        return files.Select(file => file.Split('_')[0]).ToList();
    }

    /// <summary>The packages' files in the cache; missing ones are downloaded.</summary>
    public async Task<IReadOnlyList<string>> FilesAsync(IReadOnlyList<string> packages)
    {
        var folder = host.Folder("packages");
        using var held = await host.LockAsync("packages");
        // apt prints in its own order; a file's name starts with the package's
        var files = await FilesOfAsync(["-q", "download", .. packages]);
        var names = packages.ToDictionary(package => package, package =>
            files.Find(file => file.StartsWith(package + "_", StringComparison.Ordinal))
            ?? throw new LabException($"Debian {release.Suite} offers no file for {package}"));
        var missing = packages.Where(package => !File.Exists(Path.Combine(folder, names[package]))).ToList();
        if (missing.Count > 0)
        {
            host.Log($"downloading {string.Join(' ', missing)} of {Name}");
            using var work = host.Work();
            await AptAsync("apt-get", ["-q", "download", .. missing], work.Path);
            foreach (var file in Directory.EnumerateFiles(work.Path))
                File.Move(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        }
        return packages.Select(package => Path.Combine(folder, names[package])).ToList();
    }

    /// <summary>Whether a package is a library, by Debian's names.</summary>
    public static bool IsLibrary(string package) => package.StartsWith("lib", StringComparison.Ordinal)
        || package.StartsWith("zlib", StringComparison.Ordinal);

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

    /// <summary>The packages that a package depends on; none if there is no such package.</summary>
    async Task<IReadOnlyList<string>> DependenciesAsync(string package)
    {
        try
        {
            var printed = await AptAsync("apt-cache", ["depends", package]);
            return [.. Dependency.Matches(printed).Select(match => match.Groups["package"].Value)];
        }
        catch (LabException problem) when (problem.ExitCode == LabException.FailedCode)
        {
            return [];
        }
    }

    /// <summary>The names of the package files that an apt-get command would download.</summary>
    async Task<List<string>> FilesOfAsync(string[] command)
    {
        var printed = await AptAsync("apt-get", ["--print-uris", .. command]);
        return Uri.Matches(printed).Select(match => match.Groups["file"].Value).ToList();
    }

    async Task<string> AptAsync(string program, IEnumerable<string> arguments, string? directory = null)
    {
        _config ??= await ConfigureAsync();
        return await host.RunAsync("env", [$"APT_CONFIG={_config}", program, .. arguments], directory);
    }

    /// <summary>Makes apt's folder for this archive, and fetches its lists if they are old.</summary>
    /// <returns>The configuration file.</returns>
    async Task<string> ConfigureAsync()
    {
        if (LabHost.Find("apt-get") is null)
            throw LabException.CannotRunHere("no apt-get: the lab takes its kernels and the guest's tools from Debian");
        var folder = host.Folder($"apt/{Name}");
        var (config, stamp) = (Path.Combine(folder, "apt.conf"), Path.Combine(folder, "updated"));
        using var held = await host.LockAsync($"apt-{Name}");
        if (File.Exists(stamp) && DateTime.UtcNow - File.GetLastWriteTimeUtc(stamp) < s_listsAge)
            return config;
        Directory.CreateDirectory(Path.Combine(folder, "lists/partial"));
        Directory.CreateDirectory(Path.Combine(folder, "cache/archives/partial"));
        await File.WriteAllLinesAsync(Path.Combine(folder, "sources.list"), await SourcesAsync());
        // sid's Release file may count as expired
        await File.WriteAllTextAsync(config, $$"""
            APT::Architecture "{{architecture.OptionName()}}";
            APT::Architectures { "{{architecture.OptionName()}}"; };
            APT::Sandbox::User "root";
            Acquire::Check-Valid-Until "false";
            Acquire::Languages "none";
            Dir::State "{{folder}}";
            Dir::State::status "/dev/null";
            Dir::Cache "{{folder}}/cache";
            Dir::Etc::sourcelist "{{folder}}/sources.list";
            Dir::Etc::sourceparts "-";
            """);
        host.Log($"fetching the package lists of {Name}");
        try
        {
            await host.RunAsync("env", [$"APT_CONFIG={config}", "apt-get", "-q", "update"]);
        }
        catch (LabException problem) when (File.Exists(stamp))
        {
            host.Log($"the older lists are used: {problem.Message}");
        }
        await File.WriteAllTextAsync(stamp, "");
        return config;
    }

    /// <summary>Lines of sources.list(5), with the places from which this machine's apt fetches Debian.</summary>
    async Task<List<string>> SourcesAsync()
    {
        var targets = await host.RunAsync("apt-get",
            ["indextargets", "--format", "$(ORIGIN) $(RELEASE) $(REPO_URI)", "Created-By: Packages"]);
        var known = targets.Split('\n').Select(line => line.Split(' ')).Where(line => line is ["Debian", _, _])
            .ToList();
        var main = Mirror(known, isSecurity: false)
            ?? throw LabException.CannotRunHere(
                "this machine's apt has no mirror of Debian (`apt-get update` may help)");
        var options = File.Exists(KeyRing) ? $"[signed-by={KeyRing}] " : "";
        List<string> lines = [$"deb {options}{main} {release.Suite} main"];
        if (!release.HasUpdates)
            return lines;
        lines.Add($"deb {options}{main} {release.Suite}-updates main");
        if (Mirror(known, isSecurity: true) is { } security)
            lines.Add($"deb {options}{security} {release.Suite}-security main");
        return lines;

        static string? Mirror(IEnumerable<string[]> known, bool isSecurity) => known
            .FirstOrDefault(line => line[1].EndsWith("-security", StringComparison.Ordinal) == isSecurity)?[2];
    }

    [GeneratedRegex(@"Depends: (?<package>[^\s<>]+)", RegexOptions.ExplicitCapture)]
    static partial Regex Dependency { get; }

    // 'http://…' udev_252.39-1~deb12u2_amd64.deb 1720824 SHA256:…
    [GeneratedRegex(@"^'[^']*' (?<file>\S+\.deb) ", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    static partial Regex Uri { get; }
}
