using Drover.Study.Files;
using Drover.Study.Recordings;

namespace Drover.Study.Report;

sealed class ReportVerb : Verb
{
    /// <summary>Shared with <c>drover timeline</c>.</summary>
    public static readonly Option Html = new(
        "html", "write an HTML page, one file without references; - for standard output",
        "FILE");
    static readonly Option Title = new("title", "the title of the page", "TEXT", "drover report");
    static readonly Option Label = new(
        "label", "the name of a recording, once for each file", "TEXT", "what its file's path tells");

    const int MaxFiles = 64; // each may have 64 MiB

    public override string Name => "report";

    public override string Summary =>
        "show what recordings of module loads tell: who loaded, who waited, what was in vain";

    public override string Operands => "FILE…";

    public override string Details =>
        """
        Reads the output of 'drover watch --json', 'drover timeline --json', 'drover herd --json' and
        'lab/run --json'. One recording: figures, a chart of the loads over time, the critical path, bytes
        in vain. Two recordings: the same side by side. More: a table, and calls against CPUs. Files may be
        compressed (gzip, xz, zstd); a dash stands for standard input. Prints text, or writes a page (--html).
        """;

    public override IReadOnlyList<Option> Options => [Html, Title, Label];

    public override IReadOnlyList<Example> Examples =>
    [
        new("drover report calls.jsonl", "a watch's recording, on the terminal"),
        new("drover report udev.json drover.json --html report.html", "before and after, side by side"),
        new(
            "drover report herd.json --html report.html --title 'Calls against CPUs'",
            "runs of a sweep: drover herd --sweep cpus=1..4096 --json > herd.json"),
    ];

    public override int Run(Arguments arguments, Terminal terminal)
    {
        if (arguments.Operands.Count == 0)
            throw new UsageException("needs a recording: FILE, such as the output of 'drover watch --json'");
        if (arguments.Operands.Count > MaxFiles)
            throw new UsageException($"takes at most {MaxFiles} files, not {arguments.Operands.Count}");
        if (arguments.Has(Title) && !arguments.Has(Html))
            throw new UsageException("--title is the title of a page: add --html FILE");
        List<string> labels = [.. arguments.Texts(Label)];
        if (labels.Count > 0 && labels.Count != arguments.Operands.Count)
        {
            throw new UsageException(
                $"--label is given once for each file: labels {labels.Count}, files {arguments.Operands.Count}");
        }
        var recordings = Labels.Of(
            [.. arguments.Operands.Select(file => (InputFile.NameOf(file), RecordingFile.Load(file)))], labels);
        Write(recordings, arguments.Text(Title) ?? "drover report", arguments, terminal);
        return ExitCode.Ok;
    }

    /// <summary>Prints text, or writes the page that <see cref="Html"/> names.</summary>
    public static void Write(IReadOnlyList<Recording> recordings, string title, Arguments arguments, Terminal terminal)
    {
        using var page = OutputFile.Open(arguments, Html, terminal);
        if (page is null)
            ReportText.Write(recordings, terminal);
        else
            page.Fill(writer => ReportPage.Write(writer, title, recordings));
    }
}
