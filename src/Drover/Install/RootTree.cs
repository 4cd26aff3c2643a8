using System.Globalization;
using System.Text;
using Drover.Cli;
using Drover.Linux;
using Drover.Modules;

namespace Drover.Install;

/// <summary>
/// The file system below a root, changed by one rename at a time. Whatever stood where a file is put is renamed, so that owner, times and attributes stay as
/// they were. One owner.
/// </summary>
/// <param name="root">An existing directory; links of it are followed as long as they stay in it.</param>
/// <param name="changing">Is told of each change before it is made; for tests.</param>
sealed class RootTree(string root, Action<string>? changing = null)
{
    const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    readonly string _root = Path.GetFullPath(root);

    /// <summary>Where a path of the root is on this machine.</summary>
    /// <exception cref="CannotException">A link leads out of the root.</exception>
    public string Locate(string path)
    {
        var place = _root;
        foreach (var name in Parent(path).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            place = Path.Join(place, name);
            if (new FileInfo(place) is not { LinkTarget: not null } link)
                continue;
            var target = link.ResolveLinkTarget(returnFinalTarget: true)!;
            if (!$"{target.FullName}/".StartsWith(_root == "/" ? "/" : $"{_root}/", StringComparison.Ordinal))
                throw new CannotException($"{place} is a link out of {_root}, to {target.FullName}: make it a relative one");
            place = target.FullName;
        }
        return Path.Join(place, Path.GetFileName(path));
    }

    /// <summary>What stands at a path: null where nothing does.</summary>
    /// <exception cref="CannotException">It is neither file nor link.</exception>
    public InstallFile? Look(string path)
    {
        var file = new FileInfo(Locate(path));
        if (file.LinkTarget is { } target)
            return new InstallFile(path, Encoding.UTF8.GetBytes(target), null);
        if (Directory.Exists(file.FullName))
            throw new CannotException($"{file.FullName} is a directory, where a file of Drover's belongs: move it away");
        if (!file.Exists)
            return null;
        if (!LinuxPath.IsRegularFile(file.FullName))
            throw new CannotException($"{file.FullName} is no plain file: move it away");
        return new InstallFile(path, File.ReadAllBytes(file.FullName), file.UnixFileMode);
    }

    /// <summary>Tells one file from another by content, mode and kind: a CRC-64 and the mode, an <c>l</c> for a link.</summary>
    public static string Print(InstallFile file) => $"{Checksums.Crc64(file.Content).ToString("x16", CultureInfo.InvariantCulture)}{(file.Mode is { } mode ? Convert.ToString((int)mode, 8) : "l")}";

    /// <summary>Whether a text can be a <see cref="Print"/>.</summary>
    public static bool IsPrint(string text) => text.Length > 16 && text.All(char.IsAsciiLetterOrDigit);

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

    /// <summary>Takes a directory away if nothing is in it.</summary>
    public void RemoveIfEmpty(string path)
    {
        if (!HasDirectory(path) || Directory.EnumerateFileSystemEntries(Locate(path)).Any())
            return;
        Changing($"remove {path}");
        Directory.Delete(Locate(path));
    }

    /// <summary>Puts a file in place, whole or not at all, over what is there.</summary>
    public void Put(InstallFile file)
    {
        var temporary = Locate(Beside(file.Path, "drover-new"));
        File.Delete(temporary);
        Changing($"write {file.Path}");
        if (file.IsLink)
        {
            File.CreateSymbolicLink(temporary, Encoding.UTF8.GetString(file.Content));
        }
        else
        {
            using var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            stream.Write(file.Content);
#pragma warning disable CA1416 // only Linux has modules
            File.SetUnixFileMode(stream.SafeFileHandle, file.Mode!.Value); // whatever the umask would allow
#pragma warning restore CA1416
            stream.Flush(flushToDisk: true);
        }
        Changing($"put {file.Path}");
        File.Move(temporary, Locate(file.Path), overwrite: true);
    }

    /// <summary>Puts what stands at a path aside.</summary>
    public void Keep(string path)
    {
        Changing($"keep {path}");
        File.Move(Locate(path), Locate(KeptName(path)));
    }

    /// <summary>Gives back what was put aside, over what is there.</summary>
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

    /// <summary>Takes away what a killed <see cref="Put"/> has left.</summary>
    public void RemoveUnfinished(string path)
    {
        if (Has(Beside(path, "drover-new")))
            Remove(Beside(path, "drover-new"));
    }

    public bool HasKept(string path) => Has(KeptName(path));

    /// <summary>Where what was at a path is kept: hidden, and without an ending that would mean something to a directory's readers.</summary>
    public static string KeptName(string path) => Beside(path, "before-drover");

    /// <summary>The directory a path is in; <c>/</c> has none.</summary>
    public static string Parent(string path) => path[..path.LastIndexOf('/')];

    static string Beside(string path, string ending) => $"{Parent(path)}/.{Path.GetFileName(path)}.{ending}";

    void Changing(string what) => changing?.Invoke(what);
}
