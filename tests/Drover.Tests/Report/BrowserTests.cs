using System.Diagnostics;
using Drover.Report;

namespace Drover.Tests.Report;

/// <summary>The pages in a real browser: Debian's Chromium, where it is installed.</summary>
public sealed class BrowserTests : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    readonly string _directory = Directory.CreateTempSubdirectory("drover-browser-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(4096)]
    public async Task A_page_has_all_its_charts_and_nothing_to_complain_of(int cpus)
    {
        var (before, after) = (Recordings.Read(Recordings.Watch(Recordings.Herd(cpus), Recordings.Hostile)), Recordings.Read(Recordings.Lab(Recordings.Herd(1), "drover", cpus)));
        using (var page = File.CreateText($"{_directory}/page.html"))
            ReportPage.Write(page, "in a browser", [before, after]);
        var (document, complaints) = await OpenAsync();
        Assert.DoesNotContain(":CONSOLE", complaints, StringComparison.Ordinal);
        Assert.Equal(4, document.Split("<svg").Length - 1);
        Assert.DoesNotContain("<script", document, StringComparison.Ordinal);
        Assert.EndsWith("</html>", document.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_complaint_would_be_seen()
    {
        await File.WriteAllTextAsync($"{_directory}/page.html", "<!DOCTYPE html><script>fail()</script>", TestContext.Current.CancellationToken);
        Assert.Contains(":CONSOLE", (await OpenAsync()).Complaints, StringComparison.Ordinal);
    }

    /// <summary>The document as the browser has it once it is drawn, and what it wrote to its log.</summary>
    async Task<(string Document, string Complaints)> OpenAsync()
    {
        const string Chromium = "/usr/bin/chromium";
        Assert.SkipUnless(File.Exists(Chromium), "Chromium is not installed (apt-get install chromium)");
        var start = new ProcessStartInfo(Chromium,
            ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr", "--v=0", $"--user-data-dir={_directory}/profile", "--dump-dom", $"file://{_directory}/page.html"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var browser = Process.Start(start)!;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(Patience);
        try
        {
            var complaints = browser.StandardError.ReadToEndAsync(stop.Token);
            var document = await browser.StandardOutput.ReadToEndAsync(stop.Token);
            await browser.WaitForExitAsync(stop.Token);
            return (document, await complaints);
        }
        finally
        {
            if (!browser.HasExited)
                browser.Kill(entireProcessTree: true);
        }
    }
}
