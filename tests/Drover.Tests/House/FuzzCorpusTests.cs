using Drover.Modules.Tests;

namespace Drover.Tests.House;

/// <summary>The inputs that the fuzzer has kept (bench/Drover.Fuzz).</summary>
public class FuzzCorpusTests
{
    /// <summary>A reader that takes memory for what an input claims to be ends with OutOfMemoryException.</summary>
    const string HeapLimit = "DOTNET_GCHeapHardLimit=0x20000000";

    /// <summary>Each reader takes or refuses each of its inputs, within a number of steps. A stack that overflows ends
    /// the process, and the last line names the input.</summary>
    [Fact]
    public void Every_reader_takes_or_refuses_every_input()
    {
        var built =
            AppContext.BaseDirectory.Replace("tests/Drover.Tests", "bench/Drover.Fuzz", StringComparison.Ordinal);
        var copy = Directory.CreateTempSubdirectory("drover-fuzz-").FullName;
        try
        {
            Tool.Run("cp", [], "-r", $"{built}.", copy);
            var program = $"{copy}/Drover.Fuzz.dll";
            Tool.Run("dotnet", [], $"{built}Drover.Fuzz.dll", "instrument-steps", copy);
            var corpus = Path.Combine(Repository.Root, "bench/Drover.Fuzz/corpus");
            var run = Tool.Try("env", [HeapLimit, "dotnet", program, "replay", corpus]);
            Assert.True(run.Succeeded, $"{run.Exit}\n{string.Join('\n', Told(run.Out))}\n{run.Error}");
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    /// <summary>The faults, and where it ended.</summary>
    static IEnumerable<string> Told(string output) => output.Split('\n') is var lines
        ? lines.Where(line => line.Contains("FAULT", StringComparison.Ordinal)).Concat(lines.TakeLast(3))
        : [];
}
