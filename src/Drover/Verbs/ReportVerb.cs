using Drover.Cli;
using Drover.Output;
using Drover.Report;

namespace Drover.Verbs;

/// <summary><c>drover report</c>: what recordings tell, for people.</summary>
sealed class ReportVerb : Verb
{
    /// <summary>What the page is written to; the timeline has it, too.</summary>
    public static readonly Option Html = new("html", "a page to look at or to print; one file that needs nothing else", "FILE");

    static readonly Option Title = new("title", "what stands above it", "TEXT", "drover report");

    /// <summary>More are no comparison any more; each may be 64 MiB.</summary>
    const int MostFiles = 64;

    public override string Name => "report";

    public override string Summary => "show what recordings of module loads tell: who loaded, who waited, what was in vain";

    public override string Operands => "FILE…";

    public override string Details =>
        """
        Reads what 'drover watch --json', 'drover timeline --json', 'drover herd --json' and 'lab/run --json'
        wrote. Of one recording: figures, who loaded when, the critical path, bytes in vain. Two are put side
        by side, before and after. More become a table, and calls against CPUs. As text, or as a page (--html).
        """;

    public override IReadOnlyList<Option> Options => [Html, Title];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover report calls.jsonl", "a watch's recording, on the terminal"),
        new("drover report udev.json drover.json --html report.html", "before and after, side by side"),
        new("drover report herd.json --html report.html --title 'Calls against CPUs'", "runs of a sweep: drover herd --sweep cpus=1..4096 --json > herd.json"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Operands.Count == 0)
            throw new UsageException("needs a recording: FILE, as 'drover watch --json' or 'drover timeline --json' writes it");
        if (arguments.Operands.Count > MostFiles)
            throw new UsageException($"takes at most {MostFiles} files, not {arguments.Operands.Count}");
        if (arguments.Text(Html) is { Length: 0 })
            throw new UsageException("--html needs the name of a file");
        if (arguments.Has(Title) && !arguments.Has(Html))
            throw new UsageException("--title is the title of a page: add --html FILE");
        var recordings = new List<Recording>();
        foreach (var file in arguments.Operands)
            recordings.AddRange(Load(file));
        Write(recordings, arguments.Text(Title) ?? "drover report", arguments, terminal);
        return ExitCode.Ok;
    }

    /// <summary>As text, or as a page where <see cref="Html"/> names one.</summary>
    public static void Write(IReadOnlyList<Recording> recordings, string title, Arguments arguments, Terminal terminal)
    {
        if (arguments.Text(Html) is not { } path)
        {
            ReportText.Write(recordings, terminal.Out);
            return;
        }
        using var file = HtmlPage.Open(path);
        HtmlPage.Fill(file, writer => ReportPage.Write(writer, title, recordings));
    }

    /// <summary>What is recorded in a file.</summary>
    /// <exception cref="CannotException">It cannot be read, or is no recording.</exception>
    public static IReadOnlyList<Recording> Load(string file)
    {
        try
        {
            return RecordingFile.Load(file);
        }
        catch (RecordingException problem)
        {
            throw new CannotException(problem.Message);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new CannotException($"{file}: {problem.Message}");
        }
    }
}
