using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Drover.Tests.House;

/// <summary>The peak of resident memory of the native drover-study.</summary>
public sealed class MemoryTests : IDisposable
{
    const int Calls = 20_000, Workers = 100; // of so few workers a page has every call
    const long MaxKilobytes = 40_000;
    const int PipeBytes = 64 << 10; // Linux: the capacity of a pipe

    readonly string _directory = Directory.CreateTempSubdirectory("drover-memory-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>The page is longer than a pipe holds: the program waits while its peak is read.</summary>
    [Theory]
    [InlineData("report", "FILE", "--html", "-")]
    [InlineData("boot", "--recording", "FILE", "--html", "-")]
    public void A_page_of_20000_calls_takes_at_most_40_MB(params string[] arguments)
    {
        var program = Repository.NativeProgram("drover-study");
        Assert.SkipUnless(File.Exists(program), "no native drover-study: ./test builds it");
        var recording = $"{_directory}/calls.jsonl";
        File.WriteAllText(recording, Recording());
        using var process = Process.Start(new ProcessStartInfo(
            program, arguments.Select(argument => argument == "FILE" ? recording : argument))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        var (peak, length, buffer) = (0L, 0, new byte[4096]);
        for (int read; (read = process.StandardOutput.BaseStream.Read(buffer)) > 0; length += read)
            peak = Math.Max(peak, PeakKilobytes(process.Id));
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.InRange(length, 2 * PipeBytes, int.MaxValue);
        Assert.InRange(peak, 1, MaxKilobytes);
    }

    /// <summary>0 of a process that has ended.</summary>
    static long PeakKilobytes(int process)
    {
        const string Peak = "VmHWM:";
        try
        {
            var line = File.ReadAllLines($"/proc/{process}/status")
                .FirstOrDefault(line => line.StartsWith(Peak, StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line[Peak.Length..^"kB".Length], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>As 'drover watch --json' writes it, with the names of a udev boot.</summary>
    static string Recording()
    {
        var text = new StringBuilder(
            """
            {"type":"watch","version":1,"kernel":"6.1.0","cpus":4096,"startUs":0,"sinceBoot":true,"degraded":[]}

            """);
        for (var call = 0; call < Calls; call++)
        {
            text.Append(CultureInfo.InvariantCulture,
                $$"""
                {"type":"call","startUs":{{1000 + (call * 50)}},"tookUs":{{100 + (call % 7 * 900)}},
                "syscall":"finit_module","module":"mod{{call % 60}}","namedBy":"module",
                "result":"{{(call < 60 ? "0" : "EEXIST")}}","waited":false,"readBytes":100000,"wastedBytes":0,
                "comm":"(udev-worker)","pid":{{call % Workers}},"tid":{{call % Workers}},
                "device":"/devices/system/cpu/cpu{{call / 5}}"}

                """);
        }
        return text.Append("{\"type\":\"totals\"}\n").ToString();
    }
}
