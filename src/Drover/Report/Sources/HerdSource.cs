namespace Drover.Report;

/// <summary>What <c>drover herd --json</c> wrote (docs/herd.md): runs, with counts and without calls. Stateless.</summary>
static class HerdSource
{
    /// <exception cref="RecordingException">A field is missing or wrong.</exception>
    public static List<Recording> Read(JsonSource source)
    {
        var runs = new List<Recording>();
        foreach (var run in source.ObjectsOf(source.Root, new("")))
        {
            runs.Add(new Recording
            {
                Name = $"{run.Text("herd")}, gate {run.Text("gate")}",
                Source = "a run in the model",
                Cpus = (int)Math.Min(run.Whole("cpus"), int.MaxValue),
                Results = run.Counts("calls"),
                Modules = run.Whole("attempted"),
                InVainBytes = run.Whole("wastedBytes"),
                LengthNs = run.Seconds("bootSeconds"),
                Doubts = run.OptionalText("whyNotBooted") is { } why ? [$"the boot failed: {why}"] : [],
            });
        }
        return runs.Count > 0 ? runs : throw new RecordingException($"{source.File}: no run is in it");
    }
}
