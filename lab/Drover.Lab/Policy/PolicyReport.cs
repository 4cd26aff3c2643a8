using System.Text;
using Drover.Lab.Guest;
using Drover.Lab.Reading;

namespace Drover.Lab.Policy;

/// <summary>A case of lab/guest/policy.</summary>
/// <param name="Request">How the module is asked for; <c>failure</c> for a load that fails by itself.</param>
/// <param name="Answer">What the policy says, or the cause of the failure.</param>
/// <param name="Verdict"><c>ok</c>, or what is wrong.</param>
/// <param name="Message">The first line that is said about it.</param>
sealed record PolicyRow(string Request, string Answer, string Verdict, string Message)
{
    public bool IsOk => Verdict == "ok";

    /// <exception cref="LabException">The guest ran no case.</exception>
    public static IReadOnlyList<PolicyRow> ReadAll(GuestResult result)
    {
        var rows = GuestFacts.Lines(result.Text("rows") ?? "").Select(Parse).ToList();
        return rows.Count > 0 ? rows : throw new LabException("the guest ran no case");
    }

    static PolicyRow Parse(string line) => line.Split('|', 4) is [var request, var answer, var verdict, var message]
        ? new(request, answer, verdict, message)
        : throw new LabException($"the guest wrote a row that is none: {line}");
}

/// <summary>The cases of all boots of a system.</summary>
sealed record PolicyReport(IReadOnlyList<PolicyRow> Rows)
{
    const string Failure = "failure";

    public bool IsGood => Rows.All(row => row.IsOk);

    public override string ToString()
    {
        var text = new StringBuilder();
        var requests = Rows.Where(row => row.Request != Failure).ToList();
        var answers = requests.Select(row => row.Answer).Distinct().ToList();
        if (requests.Count > 0)
        {
            text.AppendLine(MarkdownTable.Format(
                ["request", .. answers], requests.GroupBy(row => row.Request).Select(request =>
                    (string[])[request.Key, .. answers.Select(answer => Cell(request, answer))])));
        }
        var failures = Rows.Where(row => row.Request == Failure).ToList();
        if (failures.Count > 0)
        {
            text.AppendLine(MarkdownTable.Format(
                ["failure", "", "message"],
                failures.Select(row => (string[])[row.Answer, row.IsOk ? "ok" : "WRONG", row.Message])));
        }
        foreach (var row in Rows.Where(row => !row.IsOk))
            text.AppendLine($"{row.Request} {row.Answer}:{row.Verdict} {row.Message}");
        text.AppendLine($"{Rows.Count} cases, {Rows.Count(row => row.IsOk)} OK");
        return text.ToString();
    }

    static string Cell(IEnumerable<PolicyRow> request, string answer) =>
        request.FirstOrDefault(row => row.Answer == answer) is not { } row ? "" : row.IsOk ? "ok" : "WRONG";
}
