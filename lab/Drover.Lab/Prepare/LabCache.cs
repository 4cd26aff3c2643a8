namespace Drover.Lab.Prepare;

/// <summary>
/// The folder that keeps what is slow to make: packages, file trees, kernels. Every entry is made under a temporary
/// name and renamed when complete, so a killed run leaves nothing that looks finished; a lock of its own keeps runs apart that want it, and lets others go on.
/// </summary>
sealed class LabCache
{
    /// <summary>The lock for whoever asks apt for something: it reads what another may be updating.</summary>
    public const string Apt = "apt";

    readonly string _root;

    public LabCache()
    {
        _root = Environment.GetEnvironmentVariable("DROVER_CACHE") is { Length: > 0 } given
            ? Path.Combine(Path.GetFullPath(given), "lab")
            : Path.Combine(ProjectRoot, ".cache", "lab");
        Directory.CreateDirectory(_root);
    }

    /// <summary>The folder that holds the solution, found upwards from the program.</summary>
    public static string ProjectRoot
    {
        get
        {
            for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
                if (File.Exists(Path.Combine(folder, "Drover.slnx")))
                    return folder;
            throw new LabException("the lab runs inside its project: no folder above the program has Drover.slnx", LabException.CannotRunHere);
        }
    }

    public string Folder(params string[] parts)
    {
        var path = Path.Combine([_root, .. parts]);
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>A folder of its own for one run, gone when the run is disposed.</summary>
    public WorkFolder Work() => new(Path.Combine(Folder("work"), Guid.NewGuid().ToString("N")));

    /// <summary>Returns the entry's folder, made first by <paramref name="make"/> if it is not there; if another run is making it, that is waited for.</summary>
    public async Task<string> EntryAsync(string kind, string key, Func<string, Task> make, Action<string> say, CancellationToken stop)
    {
        var entry = Path.Combine(Folder(kind), key);
        if (Directory.Exists(entry))
            return entry;
        using var held = await LockAsync($"{kind}-{key}", say, stop);
        if (Directory.Exists(entry))
            return entry;
        using var work = Work();
        await make(work.Path);
        Directory.Move(work.Path, entry);
        return entry;
    }

    /// <summary>Waits for the lock that whoever changes something of the cache holds. Not for one who holds it already.</summary>
    /// <param name="name">What is changed: an entry, or <see cref="Apt"/>.</param>
    public async Task<IDisposable> LockAsync(string name, Action<string> say, CancellationToken stop)
    {
        var file = Path.Combine(Folder("locks"), name);
        var told = false;
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (!stop.IsCancellationRequested)
            {
                if (!told)
                    say($"waiting for another lab run, which is at {name}");
                told = true;
                await Task.Delay(TimeSpan.FromMilliseconds(300), stop);
            }
        }
    }
}

sealed class WorkFolder : IDisposable
{
    public WorkFolder(string path)
    {
        Path = path;
        Directory.CreateDirectory(path);
    }

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        // an entry that was completed has been moved away
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
