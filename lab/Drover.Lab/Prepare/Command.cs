using System.ComponentModel;
using System.Diagnostics;

namespace Drover.Lab.Prepare;

/// <summary>Host commands, run to their end; a failure carries the command and the tail of what it said.</summary>
static class Command
{
    const int TailLines = 15;

    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken stop, string? directory = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = directory ?? "",
        };
        // messages are parsed, and a kernel must not carry the name of who built it
        start.Environment["LC_ALL"] = "C";
        start.Environment["KBUILD_BUILD_USER"] = "drover";
        start.Environment["KBUILD_BUILD_HOST"] = "lab";
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";

        using var process = Start(start);
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(stop);
            var errors = process.StandardError.ReadToEndAsync(stop);
            await Task.WhenAll(output, errors);
            await process.WaitForExitAsync(stop);
            if (process.ExitCode == 0)
                return await output;
            var said = (await output + await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(TailLines);
            throw new LabException($"{program} {string.Join(' ', start.ArgumentList)}\nended with status {process.ExitCode}:\n{string.Join('\n', said)}");
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
            throw new LabException($"{start.FileName} cannot be started: {problem.Message}", LabException.CannotRunHere);
        }
    }

    /// <summary>Runs a line of shell; what varies goes in as "$1", "$2", …, never into the line itself.</summary>
    public static Task<string> ShellAsync(string line, CancellationToken stop, params string[] arguments) =>
        RunAsync("/bin/sh", ["-euc", line, "sh", .. arguments], stop);

    public static string? Find(string program)
    {
        // an administrator's folders too: a plain user's PATH may lack them
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"]);
        return folders.Where(folder => folder.Length > 0).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }
}
