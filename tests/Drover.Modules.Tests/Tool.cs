using System.ComponentModel;
using System.Diagnostics;
using Drover.Text;

namespace Drover.Modules.Tests;

/// <summary>Output and exit status of a program.</summary>
sealed record ToolResult(int Exit, byte[] Bytes, string Error)
{
    public bool Succeeded => Exit == 0;

    public string Out => ByteText.Of(Bytes);
}

/// <summary>Runs programs of the machine, as oracles: xz, zstd, gzip, kmod.</summary>
static partial class Tool
{
    /// <summary>A shell's exit status for a missing program.</summary>
    public const int NotThere = 127;

    /// <summary>Runs a program in the C locale; exit status <see cref="NotThere"/> if it is missing.</summary>
    public static ToolResult Try(string name, IEnumerable<string> arguments, byte[]? input = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(Find(name) ?? name, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["LC_ALL"] = "C";
        foreach (var (variable, value) in environment ?? new Dictionary<string, string>())
            start.Environment[variable] = value;
        try
        {
            using var process = Process.Start(start)!;
            // dedicated threads, because parallel tests can exhaust the thread pool
            var error = "";
            var reader = new Thread(() =>
            {
                var bytes = new MemoryStream();
                process.StandardError.BaseStream.CopyTo(bytes);
                error = ByteText.Of(bytes.ToArray());
            });
            var writer = new Thread(() => Write(process, input ?? []));
            reader.Start();
            writer.Start();
            var output = new MemoryStream();
            process.StandardOutput.BaseStream.CopyTo(output);
            writer.Join();
            reader.Join();
            process.WaitForExit();
            return new ToolResult(process.ExitCode, output.ToArray(), error);
        }
        catch (Win32Exception problem)
        {
            return new ToolResult(NotThere, [], problem.Message);
        }
    }

    static void Write(Process process, byte[] input)
    {
        try
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // the program does not read its input; its exit status says why
        }
    }

    static string? Find(string name)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin")
            .Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
}
