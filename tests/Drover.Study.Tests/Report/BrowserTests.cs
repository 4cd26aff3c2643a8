using System.Diagnostics;
using Drover.Study.Report;
using Drover.Study.Tests.Recordings;

namespace Drover.Study.Tests.Report;

/// <summary>The pages in a browser, if Debian's Chromium is installed.</summary>
public sealed class BrowserTests : IDisposable
{
    static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(1);

    readonly string _directory = Directory.CreateTempSubdirectory("drover-browser-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(4096)]
    public async Task Page_has_all_charts_and_causes_no_browser_messages(int cpus)
    {
        var before = RecordingTexts.Read(RecordingTexts.Watch(RecordingTexts.Herd(cpus), RecordingTexts.Hostile));
        var after = RecordingTexts.Read(RecordingTexts.Lab(RecordingTexts.Herd(1), "drover", cpus));
        using (var page = File.CreateText($"{_directory}/page.html"))
            ReportPage.Write(page, "in a browser", [before, after]);
        var (document, messages) = await OpenAsync();
        Assert.DoesNotContain(":CONSOLE", messages, StringComparison.Ordinal);
        Assert.Equal(4, document.Split("<svg").Length - 1);
        Assert.DoesNotContain("<script", document, StringComparison.Ordinal);
        Assert.EndsWith("</html>", document.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Error_of_a_page_causes_a_browser_message()
    {
        await File.WriteAllTextAsync(
            $"{_directory}/page.html", "<!DOCTYPE html><script>fail()</script>", TestContext.Current.CancellationToken);
        Assert.Contains(":CONSOLE", (await OpenAsync()).Messages, StringComparison.Ordinal);
    }

    /// <summary>The document after the browser has drawn it, and the browser's log.</summary>
    async Task<(string Document, string Messages)> OpenAsync()
    {
        const string Chromium = "/usr/bin/chromium";
        Assert.SkipUnless(File.Exists(Chromium), "Chromium is not installed (apt-get install chromium)");
        string[] arguments =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr", "--v=0",
            $"--user-data-dir={_directory}/profile", "--dump-dom", $"file://{_directory}/page.html",
        ];
        var start = new ProcessStartInfo(Chromium, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var browser = Process.Start(start)!;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(s_timeout);
        try
        {
            var messages = browser.StandardError.ReadToEndAsync(timeout.Token);
            var document = await browser.StandardOutput.ReadToEndAsync(timeout.Token);
            await browser.WaitForExitAsync(timeout.Token);
            return (document, await messages);
        }
        finally
        {
            if (!browser.HasExited)
                browser.Kill(entireProcessTree: true);
        }
    }
}
