using Drover.Linux.Tracing;
using Drover.Model.Scenarios;
using Drover.Modules;
using Drover.Study.Recordings;

namespace Drover.Fuzz;

/// <summary>A reader of bytes that others wrote.</summary>
/// <param name="Name">As on the command line, and of its directory in the corpus.</param>
/// <param name="Run">Takes any input. Throws nothing: an exception that escapes is a fault.</param>
sealed record FuzzTarget(string Name, Action<byte[]> Run)
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("elf", ModuleTargets.Elf), new("xz", ModuleTargets.Xz), new("gzip", ModuleTargets.Packed),
        new("zstd", ModuleTargets.Packed), new("index", TreeTargets.Index), new("tables", TreeTargets.Tables),
        new("config", TreeTargets.Config), new("btf", MachineTargets.Btf), new("tar", MachineTargets.Tar),
        new("recording", MachineTargets.Recording), new("scenario", MachineTargets.Scenario),
        new("daemon", ControlTargets.Daemon), new("client", ControlTargets.Client),
    ];

    public static FuzzTarget? Find(string name) => All.SingleOrDefault(target => target.Name == name);

    /// <summary>Runs a reader that may refuse its input.</summary>
    /// <returns>Null if it does.</returns>
    public static T? Read<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception refused) when (IsTyped(refused))
        {
            return null;
        }
    }

    /// <summary>The errors that readers may end with, by their documentation.</summary>
    static bool IsTyped(Exception refused) =>
        refused is ModuleDataException or BtfException or RecordingException or ScenarioException;
}

/// <summary>A fault that is no exception of the program's own.</summary>
sealed class FuzzFault(string message) : Exception(message);

/// <summary>Files in memory for readers that take a path; one process has one directory.</summary>
static class Scratch
{
    static readonly string s_directory =
        Directory.CreateDirectory($"/dev/shm/drover-fuzz-{Environment.ProcessId}").FullName;

    static Scratch() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(s_directory, recursive: true);

    public static string Path(string name) => $"{s_directory}/{name}";

    /// <summary>Writes a file over the one of the last input.</summary>
    /// <returns>Its path.</returns>
    public static string Write(string name, ReadOnlySpan<byte> bytes)
    {
        File.WriteAllBytes(Path(name), bytes);
        return Path(name);
    }
}
