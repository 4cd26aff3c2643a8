using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Drover.Modules.Tests;

/// <summary>What a program wrote and ended with.</summary>
sealed record ToolResult(int Exit, byte[] Bytes, string Error)
{
    public bool Succeeded => Exit == 0;

    public string Out => Encoding.UTF8.GetString(Bytes);
}

/// <summary>Programs of the machine that serve as oracles: xz, zstd, gzip, kmod.</summary>
static partial class Tool
{
    /// <summary>What a shell exits with when there is no such program.</summary>
    public const int NotThere = 127;

    /// <summary>Whatever comes of it, in the C locale; <see cref="NotThere"/> where there is no such program.</summary>
    public static ToolResult Try(string name, IEnumerable<string> arguments, byte[]? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(Find(name) ?? name, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["LC_ALL"] = "C";
        foreach (var (variable, value) in environment ?? new Dictionary<string, string>())
            start.Environment[variable] = value;
        try
        {
            using var process = Process.Start(start)!;
            // threads of their own: tests that run tools in parallel would wait for some of the pool
            var error = "";
            var reader = new Thread(() => error = process.StandardError.ReadToEnd());
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
            // it did not want to read that; its exit status says why
        }
    }

    static string? Find(string name)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin")
            .Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
}
