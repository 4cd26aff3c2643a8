using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Drover.Lab.Host;

/// <summary>This machine for one invocation of the lab: its commands, messages to the user, and the cache, a folder for
/// what is slow to make (packages, file trees, kernels, disks). Safe for concurrent use.</summary>
/// <remarks>A cache entry is made under a temporary name and renamed when complete, so a killed run leaves no half
/// entry. Each entry has a lock of its own: a run waits only for runs that make the same entry.</remarks>
sealed class LabHost
{
    public const string Apt = "apt"; // the lock for calls of apt, which reads lists that another run may be updating
    const int TailLines = 15;

    readonly string _root;

    /// <param name="cancellationToken">Ends every command and every wait.</param>
    public LabHost(Action<string> log, CancellationToken cancellationToken)
    {
        (Log, Cancelled) = (log, cancellationToken);
        _root = Environment.GetEnvironmentVariable("DROVER_CACHE") is { Length: > 0 } given
            ? Path.Combine(Path.GetFullPath(given), "lab")
            : Path.Combine(ProjectRoot, ".cache", "lab");
        Directory.CreateDirectory(_root);
    }

    public Action<string> Log { get; }
    public CancellationToken Cancelled { get; }

    /// <summary>The folder of the solution, found upwards from the program.</summary>
    public static string ProjectRoot
    {
        get
        {
            for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            {
                if (File.Exists(Path.Combine(folder, "Drover.slnx")))
                    return folder;
            }
            throw LabException.CannotRunHere("the lab runs inside its project: no folder above it has Drover.slnx");
        }
    }

    public static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>A folder of the cache, made if it does not exist.</summary>
    public string Folder(string name) => Directory.CreateDirectory(Path.Combine(_root, name)).FullName;

    /// <summary>A new temporary folder, deleted when disposed.</summary>
    public WorkFolder Work() => new(Folder(Path.Combine("work", Guid.NewGuid().ToString("N"))));

    /// <summary>Returns the entry's folder; makes it first with <paramref name="make"/> if it does not exist.</summary>
    public async Task<string> EntryAsync(string kind, string key, Func<string, Task> make)
    {
        var entry = Path.Combine(Folder(kind), key);
        if (Directory.Exists(entry))
            return entry;
        using var held = await LockAsync($"{kind}-{key}");
        if (Directory.Exists(entry))
            return entry;
        using var work = Work();
        await make(work.Path);
        Directory.Move(work.Path, entry);
        return entry;
    }

    /// <summary>Takes the lock of a part of the cache, which its writers hold. Not reentrant.</summary>
    /// <param name="name">An entry, or <see cref="Apt"/>.</param>
    public async Task<IDisposable> LockAsync(string name)
    {
        var file = Path.Combine(Folder("locks"), name);
        for (var logged = false; ; logged = true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (!Cancelled.IsCancellationRequested)
            {
                if (!logged)
                    Log($"waiting for another lab run, which holds the lock {name}");
                await Task.Delay(TimeSpan.FromMilliseconds(300), Cancelled);
            }
        }
    }

    /// <summary>Runs a command to its end and returns its standard output.</summary>
    /// <exception cref="LabException">It cannot be started, or its status is not 0; the message quotes it and the end
    /// of its output.</exception>
    public async Task<string> RunAsync(string program, IEnumerable<string> arguments, string? directory = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = directory ?? "",
        };
        // messages are parsed, and a kernel must not carry the name of the user who built it
        start.Environment["LC_ALL"] = "C";
        start.Environment["KBUILD_BUILD_USER"] = "drover";
        start.Environment["KBUILD_BUILD_HOST"] = "lab";
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";

        using var process = Start(start);
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(Cancelled);
            var errors = process.StandardError.ReadToEndAsync(Cancelled);
            await Task.WhenAll(output, errors);
            await process.WaitForExitAsync(Cancelled);
            if (process.ExitCode == 0)
                return await output;
            var lines = (await output + await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            throw new LabException($"{program} {string.Join(' ', start.ArgumentList)}\n"
                + $"ended with status {process.ExitCode}:\n{string.Join('\n', lines.TakeLast(TailLines))}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new LabException($"{start.FileName} did not start");
        }
        catch (Win32Exception problem)
        {
            throw LabException.CannotRunHere($"{start.FileName} cannot be started: {problem.Message}");
        }
    }

    /// <summary>Runs a shell script with <c>set -eu</c>; arguments are "$1", "$2", ….</summary>
    public Task<string> ShellAsync(string script, params string[] arguments) =>
        RunAsync("/bin/sh", ["-euc", script, "sh", .. arguments]);

    /// <summary>The path of a program, or null. Searches an administrator's folders as well as PATH.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"])
            .Where(folder => folder.Length > 0).Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
}

sealed record WorkFolder(string Path) : IDisposable
{
    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        // a completed entry has been moved into the cache
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
