using System.Diagnostics;
using Drover.Linux.ProcFs;

namespace Drover.Tests.Kmod;

/// <summary>A directory with a generated /proc, /sys and /lib/modules; a preloaded library redirects the tools of
/// kmod to it.</summary>
sealed class FakeMachine : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("drover-kmod").FullName;

    public FakeMachine Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Root + path)!);
        File.WriteAllText(Root + path, text);
        return this;
    }

    public FakeMachine WriteDevname(string text) =>
        Write($"/lib/modules/{Machine.KernelRelease()}/modules.devname", text);

    /// <summary>Runs a tool of kmod on this machine; the test is skipped where the library cannot be built.</summary>
    public Task<ToolRun> RunKmodsAsync(string tool, params string[] args)
    {
        var library = $"{Root}/fake-root.so";
        if (!File.Exists(library))
        {
            try
            {
                using var gcc = Process.Start(
                    new ProcessStartInfo("gcc", ["-shared", "-fPIC", "-O1", "-o", library,
                    Path.Combine(Repository.Root, "tests/Drover.Tests/Kmod/fake-root.c")]));
                gcc!.WaitForExit();
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // no gcc, no library
            }
        }
        Assert.SkipUnless(File.Exists(library), "kmod cannot be led astray without gcc: apt-get install gcc libc6-dev");
        return KmodOracle.RunAsync(tool, args, new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = library,
            ["FAKE_ROOT"] = Root
        });
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
