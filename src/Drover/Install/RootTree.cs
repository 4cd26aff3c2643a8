using System.Globalization;
using System.Text;
using Drover.CommandLine;
using Drover.Modules;
using Drover.Modules.Containers;
using Drover.Text;

namespace Drover.Install;

/// <summary>The file system below a root, changed by one rename at a time. A file that is in the way is renamed, so
/// that it keeps its owner, times and attributes.</summary>
/// <param name="root">An existing directory; its links are followed unless they lead out of it.</param>
/// <param name="changing">Called before each change; for tests.</param>
sealed class RootTree(string root, Action<string>? changing = null)
{
    const UnixFileMode DirectoryMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    readonly string _root = Path.GetFullPath(root);

    /// <summary>Converts a path below the root to a path of this machine.</summary>
    /// <exception cref="CommandException">A link leads out of the root, or a file is in a directory's
    /// place.</exception>
    public string Locate(string path)
    {
        var place = _root;
        foreach (var name in Parent(path).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            place = Path.Join(place, name);
            var link = new FileInfo(place);
            if (link is { LinkTarget: null, Exists: true })
                throw new CommandException($"{place} is not a directory: move it away");
            if (link.LinkTarget is null)
                continue;
            var target = link.ResolveLinkTarget(returnFinalTarget: true)!;
            if (!$"{target.FullName}/".StartsWith(_root == "/" ? "/" : $"{_root}/", StringComparison.Ordinal))
            {
                throw new CommandException(
                    $"{place} is a link out of {_root}, to {target.FullName}: make it a relative link");
            }

            place = target.FullName;
        }
        return Path.Join(place, Path.GetFileName(path));
    }

    /// <summary>The file or link at a path, or null.</summary>
    /// <exception cref="CommandException">It is neither file nor link.</exception>
    public InstallFile? Read(string path)
    {
        var file = new FileInfo(Locate(path));
        if (file.LinkTarget is { } target)
            return new InstallFile(path, Encoding.UTF8.GetBytes(target), null);
        if (Directory.Exists(file.FullName))
        {
            throw new CommandException(
                $"{file.FullName} is a directory, but Drover has a file of that name: move it away");
        }

        if (!file.Exists)
            return null;
        if (SystemFiles.Current.KindOf(file.FullName) is not FileKind.Regular)
            throw new CommandException($"{file.FullName} is not a regular file: move it away");
        return new InstallFile(path, File.ReadAllBytes(file.FullName), file.UnixFileMode);
    }

    /// <summary>A fingerprint of content, mode and kind: a CRC-64, then the mode, or <c>l</c> for a link.</summary>
    public static string Fingerprint(InstallFile file)
    {
        var kind = file.Mode is { } mode ? Convert.ToString((int)mode, 8) : "l";
        return $"{Checksums.Crc64(file.Content).ToString("x16", CultureInfo.InvariantCulture)}{kind}";
    }

    /// <summary>Whether a text has the form of a <see cref="Fingerprint"/>.</summary>
    public static bool IsFingerprint(string text) => text.Length > 16 && text.All(char.IsAsciiLetterOrDigit);

    public bool HasDirectory(string path) => Directory.Exists(Locate(path));

    public bool Has(string path) => Path.Exists(Locate(path)) || new FileInfo(Locate(path)).LinkTarget is not null;

    public string? ReadText(string path) => Has(path) ? File.ReadAllText(Locate(path)) : null;

    public void MakeDirectory(string path)
    {
        if (HasDirectory(path))
            return;
        Changing($"make {path}");
#pragma warning disable CA1416 // only Linux has modules
        Directory.CreateDirectory(Locate(path), DirectoryMode);
#pragma warning restore CA1416
    }

    public void RemoveIfEmpty(string path)
    {
        if (!HasDirectory(path) || Directory.EnumerateFileSystemEntries(Locate(path)).Any())
            return;
        Changing($"remove {path}");
        Directory.Delete(Locate(path));
    }

    /// <summary>Installs a file in one step, over an existing one.</summary>
    public void Put(InstallFile file) => AtomicFile.Replace(Locate(file.Path), temporary =>
    {
        Changing($"write {file.Path}");
        if (file.IsLink)
        {
            File.CreateSymbolicLink(temporary, Encoding.UTF8.GetString(file.Content));
        }
        else
        {
            using var stream =
                new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            stream.Write(file.Content);
#pragma warning disable CA1416 // only Linux has modules
            File.SetUnixFileMode(stream.SafeFileHandle, file.Mode!.Value); // regardless of the umask
#pragma warning restore CA1416
            stream.Flush(flushToDisk: true);
        }
        Changing($"put {file.Path}");
    }, Locate(TemporaryName(file.Path)));

    /// <summary>Renames the file at a path to its <see cref="KeptName"/>.</summary>
    public void Keep(string path)
    {
        Changing($"keep {path}");
        File.Move(Locate(path), Locate(KeptName(path)));
    }

    /// <summary>Restores a kept file, over an existing one.</summary>
    public void GiveBack(string path)
    {
        Changing($"give back {path}");
        File.Move(Locate(KeptName(path)), Locate(path), overwrite: true);
    }

    public void Remove(string path)
    {
        Changing($"remove {path}");
        File.Delete(Locate(path));
    }

    /// <summary>Deletes the temporary file of a <see cref="Put"/> that was killed.</summary>
    public void RemoveUnfinished(string path)
    {
        if (Has(TemporaryName(path)))
            Remove(TemporaryName(path));
    }

    public bool HasKept(string path) => Has(KeptName(path));

    /// <summary>The name of a kept file: hidden, with an ending that no reader of its directory looks for.</summary>
    public static string KeptName(string path) => Sibling(path, "before-drover");

    /// <summary>The directory of a path; empty for a file in <c>/</c>.</summary>
    public static string Parent(string path) => path[..path.LastIndexOf('/')];

    static string TemporaryName(string path) => Sibling(path, "drover-new");

    static string Sibling(string path, string ending) => $"{Parent(path)}/.{Path.GetFileName(path)}.{ending}";

    void Changing(string what) => changing?.Invoke(what);
}
