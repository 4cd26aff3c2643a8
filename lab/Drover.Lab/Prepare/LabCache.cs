namespace Drover.Lab.Prepare;

/// <summary>
/// The folder that keeps what is slow to make: packages, file trees, kernels. Every entry is made under a temporary
/// name and renamed when complete, so a killed run leaves nothing that looks finished; one lock keeps runs apart while they make.
/// </summary>
sealed class LabCache
{
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

    /// <summary>Returns the entry's folder, made first by <paramref name="make"/> if it is not there. The caller holds the lock.</summary>
    public async Task<string> EntryAsync(string kind, string key, Func<string, Task> make)
    {
        var entry = Path.Combine(Folder(kind), key);
        if (Directory.Exists(entry))
            return entry;
        using var work = Work();
        await make(work.Path);
        Directory.Move(work.Path, entry);
        return entry;
    }

    /// <summary>Waits for the lock that whoever changes the cache holds, or another by its name.</summary>
    public async Task<IDisposable> LockAsync(Action<string> say, CancellationToken stop, string name = "lock")
    {
        var told = false;
        while (true)
        {
            try
            {
                return new FileStream(Path.Combine(_root, name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (!stop.IsCancellationRequested)
            {
                if (!told)
                    say("another lab run is preparing the cache; waiting for it");
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
