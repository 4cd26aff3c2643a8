using System.Text.Json.Serialization;
using Drover.Loading;

namespace Drover.Verbs;

/// <summary>What <c>drover load --json</c> prints.</summary>
/// <param name="Calls">Load calls to the kernel by errno, <c>0</c> for success.</param>
/// <param name="WastedBytes">Of module files, read for calls that ended in EEXIST, EBUSY or ETXTBSY.</param>
/// <param name="Requests">In the order they were asked.</param>
sealed record LoadReport(IReadOnlyDictionary<string, long> Calls, long WastedBytes, IReadOnlyList<RequestReport> Requests)
{
    public static LoadReport Of(IEnumerable<RequestOutcome> answers, LoaderCounts counts) =>
        new(CallsOf(counts), counts.WastedFileBytes, [.. answers.Select(answer => new RequestReport(answer.Request.Asked, OutcomeReport.Of(answer.Modules)))]);

    public static Dictionary<string, long> CallsOf(LoaderCounts counts) =>
        counts.CallsByErrno.OrderBy(calls => calls.Key).ToDictionary(calls => OutcomeText.KeyOf(calls.Key), calls => calls.Value);
}

/// <summary>One request and its modules.</summary>
sealed record RequestReport(string Asked, IReadOnlyList<OutcomeReport> Modules);

/// <summary>How one module ended.</summary>
/// <param name="Outcome">loaded, joined, alreadyLive, builtIn, blacklisted, notFound, failed, left.</param>
/// <param name="Errno">Its name, or null where there was none.</param>
/// <param name="Why">For a person; null for a plain success.</param>
sealed record OutcomeReport(string Module, string Outcome, string? Errno, string? Why, bool ParametersDiffer)
{
    public static IReadOnlyList<OutcomeReport> Of(IEnumerable<ModuleOutcome> outcomes) => [.. outcomes.Select(Of)];

    public static OutcomeReport Of(ModuleOutcome outcome) =>
        new(outcome.Module, OutcomeText.NameOf(outcome.Kind), outcome.Error is Loading.Errno.None ? null : ErrnoText.Name(outcome.Error), outcome.Why, outcome.ParametersDiffer);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(LoadReport))]
sealed partial class LoadJson : JsonSerializerContext;
