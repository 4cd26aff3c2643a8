using System.Diagnostics;

namespace Drover.Modules.Tests.Image;

/// <summary>Programs of the machine that serve as oracles: xz, zstd, gzip, kmod.</summary>
static class Tool
{
    public static string? Find(string name)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin")
            .Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);

    /// <summary>What the program writes; the test is skipped where there is none of that name.</summary>
    public static byte[] Run(string name, byte[] input, params string[] arguments)
    {
        var (status, output) = TryRun(name, input, arguments);
        Assert.True(status == 0, $"{name} {string.Join(' ', arguments)}: exit status {status}");
        return output;
    }

    public static (int Status, byte[] Output) TryRun(string name, byte[] input, params string[] arguments)
    {
        var path = Find(name);
        Assert.SkipUnless(path is not null, $"{name} is not installed");
        var start = new ProcessStartInfo(path!, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var writing = Task.Run(() =>
        {
            try
            {
                process.StandardInput.BaseStream.Write(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // it has seen enough: a broken input is refused before its end
            }
        });
        var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        writing.Wait();
        errors.Wait();
        process.WaitForExit();
        return (process.ExitCode, output.ToArray());
    }
}
