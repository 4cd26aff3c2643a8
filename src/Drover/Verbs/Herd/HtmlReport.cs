namespace Drover.Verbs.Herd;

static class HtmlReport
{
    public static void Write(IReadOnlyList<FinishedRun> runs, Sweep? sweep, TextWriter writer) { }
}
