using System.Diagnostics;
using System.Text;
using Drover.CommandLine;
using Drover.Host;

namespace Drover.Install;

enum InstallAction
{
    /// <summary>Nothing: the file is up to date.</summary>
    None,

    /// <summary>Create it.</summary>
    Create,

    /// <summary>Replace an older file of Drover.</summary>
    Update,

    /// <summary>Keep a file that is not Drover's under another name, and restore it at uninstallation.</summary>
    KeepOther,

    /// <summary>Leave a file of Drover that was changed since its installation.</summary>
    Leave,
}

sealed record InstallStep(InstallFile File, InstallAction Action);

/// <summary>Installs Drover below a root, and uninstalls it, which restores the previous state. Both can be killed at
/// any time and repeated: their actions depend only on the manifest and the file system.</summary>
sealed class Installation(RootTree tree)
{
    /// <summary>dpkg's lists of the files of packages whose files an installation would replace.</summary>
    static readonly string[] s_debianFiles =
    [
        "/var/lib/dpkg/info/drover-daemon.list", "/var/lib/dpkg/info/drover.list",
        "/var/lib/dpkg/info/drover-study.list", "/var/lib/dpkg/info/drover-kmod.list",
    ];

    const UnixFileMode ManifestMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>The manifest of an earlier installation, complete or interrupted.</summary>
    public InstallManifest Manifest { get; private set; } = tree.ReadText(InstallManifest.Path) is { } text
        ? InstallManifest.Parse(text, tree.Locate(InstallManifest.Path))
        : InstallManifest.Empty;

    /// <exception cref="CommandException">A package manager has installed Drover.</exception>
    public void RequireNoPackage()
    {
        if (Array.Find(s_debianFiles, tree.Has) is { } list)
        {
            throw new CommandException($"Drover is installed as a Debian package ({tree.Locate(list)}): " + (
                list == s_debianFiles[0] ? "'apt-get purge drover-daemon' takes the daemon out of charge"
                : "'apt-get install drover-daemon' puts the daemon in charge"));
        }
    }

    /// <summary>The action for each file. Changes nothing.</summary>
    public IReadOnlyList<InstallStep> Plan(IReadOnlyList<InstallFile> files) =>
        [.. files.Select(file => new InstallStep(file, ActionFor(file)))];

    /// <summary>Files of an earlier installation (an older Drover, or the recording of boots) without a step.</summary>
    public IReadOnlyList<InstallEntry> Dropped(IReadOnlyList<InstallStep> steps) =>
        [.. Manifest.Entries.Where(entry => steps.All(step => step.File.Path != entry.Path))];

    /// <summary>Runs the steps, and removes the <see cref="Dropped"/> files. Those of them that were changed since
    /// their installation stay, and are still dropped afterwards.</summary>
    public void Install(IReadOnlyList<InstallStep> steps)
    {
        var dropped = Dropped(steps);
        WriteManifest(Planned(steps));
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
        Debug.Assert(steps.All(step => step.Action is InstallAction.Leave
            || ActionFor(step.File) is InstallAction.None),
            "every file is up to date");
    }

    /// <returns>The files that were changed since their installation: they and their kept files stay.</returns>
    public IReadOnlyList<InstallEntry> Uninstall()
    {
        var left = new List<InstallEntry>();
        foreach (var entry in Manifest.Entries.Reverse())
        {
            if (!TakeBack(entry))
                left.Insert(0, entry);
        }
        foreach (var path in new[] { BootRecordFile.OfLastBoot, BootTimesFile.FilePath })
        {
            if (tree.Has(path))
                tree.Remove(path);
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
        tree.RemoveIfEmpty(RootTree.Parent(InstallManifest.Path)); // a killed run may not have listed it as created
        RemoveDirectories();
        return left;
    }

    InstallAction ActionFor(InstallFile file)
    {
        if (tree.Read(file.Path) is not { } found)
            return InstallAction.Create;
        var fingerprint = RootTree.Fingerprint(found);
        if (fingerprint == RootTree.Fingerprint(file))
            return InstallAction.None;
        if (Manifest.Find(file.Path) is not { } entry)
            return InstallAction.KeepOther;
        if (entry.Ours.Contains(fingerprint))
            return InstallAction.Update;
        return entry.HadOther && !tree.HasKept(file.Path) ? InstallAction.KeepOther : InstallAction.Leave;
    }

    /// <summary>The manifest to write before the steps; correct even if some of them have run before.</summary>
    InstallManifest Planned(IReadOnlyList<InstallStep> steps)
    {
        var entries = new List<InstallEntry>();
        foreach (var (file, action) in steps)
        {
            var ours = RootTree.Fingerprint(file);
            if (Manifest.Find(file.Path) is { } known)
                entries.Add(known.Ours.Contains(ours) ? known : known with { Ours = [.. known.Ours, ours] });
            else if (action is not InstallAction.None)
                entries.Add(new InstallEntry(file.Path, action is InstallAction.KeepOther, [ours]));
        }
        entries.AddRange(Dropped(steps));
        var directories = new List<string>(Manifest.Directories);
        AddMissing(RootTree.Parent(InstallManifest.Path), directories);
        foreach (var step in steps)
            AddMissing(RootTree.Parent(step.File.Path), directories);
        return new InstallManifest(directories, entries);
    }

    InstallManifest Settled(IReadOnlyList<InstallStep> steps, List<InstallEntry> left)
    {
        var entries = new List<InstallEntry>(left);
        foreach (var (file, action) in steps)
        {
            if (Manifest.Find(file.Path) is { } entry)
                entries.Add(action is InstallAction.Leave ? entry : entry with { Ours = [RootTree.Fingerprint(file)] });
        }
        return Manifest with { Entries = entries };
    }

    /// <returns>False if the file was changed since its installation.</returns>
    bool TakeBack(InstallEntry entry)
    {
        tree.RemoveUnfinished(entry.Path);
        var found = tree.Read(entry.Path);
        var isOurs = found is not null && entry.Ours.Contains(RootTree.Fingerprint(found));
        if (entry.HadOther && tree.HasKept(entry.Path))
        {
            if (found is not null && !isOurs)
                return false;
            tree.GiveBack(entry.Path);
            return true;
        }
        if (isOurs)
            tree.Remove(entry.Path);
        // another file in place of a kept one: it was not kept yet, or is restored already
        return isOurs || found is null || entry.HadOther;
    }

    void AddMissing(string directory, List<string> missing)
    {
        if (directory.Length == 0 || missing.Contains(directory) || tree.HasDirectory(directory))
            return;
        AddMissing(RootTree.Parent(directory), missing);
        missing.Add(directory);
    }

    void RemoveDirectories()
    {
        foreach (var directory in Manifest.Directories.Reverse())
            tree.RemoveIfEmpty(directory);
    }

    void WriteManifest(InstallManifest manifest)
    {
        Manifest = manifest;
        tree.MakeDirectory(RootTree.Parent(InstallManifest.Path));
        tree.Put(new InstallFile(InstallManifest.Path, Encoding.UTF8.GetBytes(manifest.ToText()), ManifestMode));
    }
}
