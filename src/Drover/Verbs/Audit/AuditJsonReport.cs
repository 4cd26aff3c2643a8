using Drover.Output;
using Drover.Verbs.Herd;

namespace Drover.Verbs.Audit;

/// <summary>What <c>drover audit --json</c> prints (docs/audit.md).</summary>
static class AuditJsonReport
{
    public static void Write(TextWriter writer, AuditedMachine machine, IReadOnlyList<AuditBoot> boots) => Json.Write(writer, json =>
    {
        var (scenario, path) = (machine.Scenario, machine.Path);
        json.WriteString("verdict", AuditVerdict.Of(machine, boots));
        json.WriteString("machine", scenario.Name);
        json.WriteString("kernel", path.Kernel);
        json.WriteNumber("cpus", scenario.Cpus);
        json.WriteNumber("memoryBytes", scenario.MemoryBytes);
        json.WriteNumber("devices", machine.Devices);
        json.WriteNumber("modaliases", machine.Modaliases);
        json.WriteNumber("distinctModaliases", machine.Distinct);
        json.WriteNumber("modules", scenario.Modules.Count);
        json.WriteString("state", machine.State switch { AuditState.Settled => "settled", AuditState.BeforeColdplug => "before-coldplug", _ => "unknown" });
        if (machine.Live is { } live)
            json.WriteNumber("live", live);
        else
            json.WriteNull("live");
        json.WriteObject("gate", () =>
        {
            json.WriteString("kernel", path.Gate is { } gate ? HerdNames.Of(gate) : null);
            json.WriteBoolean("bypassed", path.BypassesGate);
            if (path.Kmod is { } kmod)
                json.WriteNumber("kmod", kmod);
            else
                json.WriteNull("kmod");
            json.WriteString("files", LoadPath.NameOf(path.Files));
            json.WriteString("kernelDecompresses", path.Decompresses is { } compression ? LoadPath.NameOf(compression) : null);
            json.WriteString("why", path.Explain());
        });
        json.WriteObjects("boots", boots, boot =>
        {
            json.WriteString("title", boot.Title);
            HerdJsonReport.WriteRun(json, boot.Result);
        });
        json.WriteObjects("asked", Asked.Of(machine), asked =>
        {
            json.WriteString("module", asked.Module);
            json.WriteNumber("times", asked.Times);
            json.WriteNumber("devices", asked.Devices);
            json.WriteString("firstDevice", asked.First);
        });
        json.WriteStrings("hopeless", machine.Hopeless.Select(module => module.Name));
        json.WriteStrings("lacks", machine.Lacks);
    });
}
