using System.Text;
using Drover.Cli;

namespace Drover.Install;

/// <summary>What is to be done with one file of the list.</summary>
enum InstallAction
{
    /// <summary>It is there as it should be.</summary>
    None,

    /// <summary>Nothing is there.</summary>
    Create,

    /// <summary>An older one that an installation has put there.</summary>
    Update,

    /// <summary>Somebody else's: kept beside it, and given back in the end.</summary>
    KeepOther,

    /// <summary>An installation's, and changed by somebody since: not ours to touch.</summary>
    Leave,
}

/// <summary>One file, and what is to be done with it.</summary>
sealed record InstallStep(InstallFile File, InstallAction Action);

/// <summary>
/// Puts Drover in place below a root, and takes it back: the root is then as it was. Either can be killed at any moment, and both can be repeated; what is done
/// follows from the manifest and from what is there, never from what an earlier run remembered.
/// </summary>
sealed class Installation(RootTree tree)
{
    /// <summary>Where dpkg says what a package of our name has put in place.</summary>
    const string DebianFiles = "/var/lib/dpkg/info/drover.list";

    /// <summary>What was installed here before, or is half.</summary>
    public InstallManifest Manifest { get; private set; } = tree.ReadText(InstallManifest.Path) is { } text ? InstallManifest.Parse(text, tree.Locate(InstallManifest.Path)) : InstallManifest.Nothing;

    /// <exception cref="CannotException">A package manager has done it.</exception>
    public void RequireNoPackage()
    {
        if (tree.Has(DebianFiles))
            throw new CannotException($"Debian's package manager has put Drover in place ({tree.Locate(DebianFiles)}), and takes it back: use apt-get install or remove");
    }

    /// <summary>What each file needs. Changes nothing.</summary>
    public IReadOnlyList<InstallStep> Plan(IReadOnlyList<InstallFile> files) => [.. files.Select(file => new InstallStep(file, ActionFor(file)))];

    /// <summary>What an earlier install has put in place and these files are without: an older Drover had it, or the recording of boots was asked for then and is not now.</summary>
    public IReadOnlyList<InstallEntry> Dropped(IReadOnlyList<InstallStep> steps) => [.. Manifest.Entries.Where(entry => steps.All(step => step.File.Path != entry.Path))];

    /// <summary>Does it, and takes back what is <see cref="Dropped"/>; what of that somebody has changed since is left, and is still dropped by the same steps.</summary>
    public void Install(IReadOnlyList<InstallStep> steps)
    {
        var dropped = Dropped(steps);
        WriteManifest(Promise(steps));
        foreach (var directory in Manifest.Directories)
            tree.MakeDirectory(directory);
        foreach (var (file, action) in steps)
        {
            tree.RemoveUnfinished(file.Path);
            if (action is InstallAction.None or InstallAction.Leave)
                continue;
            if (action is InstallAction.KeepOther)
                tree.Keep(file.Path);
            tree.Put(file);
        }
        WriteManifest(Settled(steps, [.. dropped.Where(entry => !TakeBack(entry))]));
    }

    /// <summary>Takes everything back.</summary>
    /// <returns>What was changed since it was installed, and is left as it is, with what was there before still beside it.</returns>
    public IReadOnlyList<InstallEntry> Uninstall()
    {
        var left = new List<InstallEntry>();
        foreach (var entry in Manifest.Entries.Reverse())
        {
            if (!TakeBack(entry))
                left.Insert(0, entry);
        }
        RemoveDirectories();
        if (left.Count > 0)
        {
            WriteManifest(Manifest with { Entries = left });
            return left;
        }
        tree.RemoveUnfinished(InstallManifest.Path);
        if (tree.Has(InstallManifest.Path))
            tree.Remove(InstallManifest.Path);
        tree.RemoveIfEmpty(RootTree.Parent(InstallManifest.Path)); // a killed run may not have come to say that it made it
        RemoveDirectories();
        return left;
    }

    InstallAction ActionFor(InstallFile file)
    {
        if (tree.Look(file.Path) is not { } found)
            return InstallAction.Create;
        var print = RootTree.Print(found);
        if (print == RootTree.Print(file))
            return InstallAction.None;
        if (Manifest.Find(file.Path) is not { } entry)
            return InstallAction.KeepOther;
        if (entry.Ours.Contains(print))
            return InstallAction.Update;
        return entry.HadOther && !tree.HasKept(file.Path) ? InstallAction.KeepOther : InstallAction.Leave;
    }

    /// <summary>The manifest of what is about to be done, from whichever half of it there is already.</summary>
    InstallManifest Promise(IReadOnlyList<InstallStep> steps)
    {
        var entries = new List<InstallEntry>();
        foreach (var (file, action) in steps)
        {
            var print = RootTree.Print(file);
            if (Manifest.Find(file.Path) is { } known)
                entries.Add(known.Ours.Contains(print) ? known : known with { Ours = [.. known.Ours, print] });
            else if (action is not InstallAction.None)
                entries.Add(new InstallEntry(file.Path, action is InstallAction.KeepOther, [print]));
        }
        entries.AddRange(Dropped(steps));
        var directories = new List<string>(Manifest.Directories);
        AddMissing(RootTree.Parent(InstallManifest.Path), directories);
        foreach (var step in steps)
            AddMissing(RootTree.Parent(step.File.Path), directories);
        return new InstallManifest(directories, entries);
    }

    /// <summary>The manifest of what is done, and of what an older Drover had and somebody has changed.</summary>
    InstallManifest Settled(IReadOnlyList<InstallStep> steps, List<InstallEntry> left)
    {
        var entries = new List<InstallEntry>(left);
        foreach (var (file, action) in steps)
        {
            if (Manifest.Find(file.Path) is { } entry)
                entries.Add(action is InstallAction.Leave ? entry : entry with { Ours = [RootTree.Print(file)] });
        }
        return Manifest with { Entries = entries };
    }

    /// <returns>False where somebody has changed it since.</returns>
    bool TakeBack(InstallEntry entry)
    {
        tree.RemoveUnfinished(entry.Path);
        var found = tree.Look(entry.Path);
        var isOurs = found is not null && entry.Ours.Contains(RootTree.Print(found));
        if (entry.HadOther && tree.HasKept(entry.Path))
        {
            if (found is not null && !isOurs)
                return false;
            tree.GiveBack(entry.Path);
        }
        else if (isOurs)
        {
            tree.Remove(entry.Path);
        }
        else if (found is not null && !entry.HadOther)
        {
            return false;
        }
        // else what was there was not put aside yet, or is back already
        return true;
    }

    void AddMissing(string directory, List<string> missing)
    {
        if (directory.Length == 0 || missing.Contains(directory) || tree.HasDirectory(directory))
            return;
        AddMissing(RootTree.Parent(directory), missing);
        missing.Add(directory);
    }

    /// <summary>Those that were made, unless something is in them.</summary>
    void RemoveDirectories()
    {
        foreach (var directory in Manifest.Directories.Reverse())
            tree.RemoveIfEmpty(directory);
    }

    void WriteManifest(InstallManifest manifest)
    {
        Manifest = manifest;
        tree.MakeDirectory(RootTree.Parent(InstallManifest.Path));
        tree.Put(new InstallFile(InstallManifest.Path, Encoding.UTF8.GetBytes(manifest.ToText()), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead));
    }
}
