using System.Diagnostics;

namespace Drover.Modules.Tests.Image;

/// <summary>Programs of the machine that serve as oracles: xz, zstd, gzip, kmod.</summary>
static class Tool
{
    /// <summary>Skips the test where there is no program of that name. Properties and parallel loops, which wrap what is thrown in them, call it first.</summary>
    public static void Require(string name) => Assert.SkipUnless(Find(name) is not null, $"{name} is not installed");

    /// <summary>What the program writes; the test is skipped where there is none of that name.</summary>
    public static byte[] Run(string name, byte[] input, params string[] arguments)
    {
        Require(name);
        using var process = Process.Start(new ProcessStartInfo(Find(name)!, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        // a thread of its own: tests that run tools in parallel would wait for one of the pool
        var writer = new Thread(() =>
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        });
        writer.Start();
        var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        writer.Join();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{name} {string.Join(' ', arguments)}: exit status {process.ExitCode}");
        return output.ToArray();
    }

    static string? Find(string name)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin")
            .Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
}
