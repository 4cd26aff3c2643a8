namespace Drover.Model;

/// <summary>What must hold of the production loader on the model. Stateless but for its run.</summary>
sealed class DroverInvariants(HerdMachine machine, Ledger ledger, SchedulePlan plan)
{
    /// <summary>A call begins: it is not for a module that is there, unless others load or remove.</summary>
    public Breach? Calling(in HerdEvent call) =>
        plan.Options.Herd is HerdKind.Drover && plan.IsAlone && call.Kind is HerdEventKind.CallBegins && ledger[call.Module].State is ModuleState.Live
            ? new Breach(Invariant.DroverNoCallForLive, $"a call for {call.Module}, which is live")
            : null;

    /// <summary>When nothing can happen any more.</summary>
    public Breach? AtRest(DroverHerd herd)
    {
        var report = herd.Report!;
        if (report.Counts.Outcomes.Values.Sum() != report.Counts.Asked)
            return new Breach(Invariant.DroverAnswers, $"{report.Counts.Asked} modules were asked for, {report.Counts.Outcomes.Values.Sum()} answers given");
        foreach (var alias in report.Aliases)
        {
            if (alias.Modules.Count < machine.Resolve(alias.Modalias).Count)
                return new Breach(Invariant.DroverAnswers, $"{alias.Modalias} stands for {machine.Resolve(alias.Modalias).Count} modules, {alias.Modules.Count} were answered");
        }
        return plan.Faults.Count == 0 ? Converges() : null;
    }

    Breach? Converges()
    {
        var later = machine.Devices.Count(device => machine.Options.Scenario.Devices.Any(drawn => drawn.AppearsWith is not null && device.Path.StartsWith(drawn.Path.Split(ScenarioFormat.CpuMark)[0], StringComparison.Ordinal)));
        foreach (var module in ledger.Modules)
        {
            // its init says EBUSY, which may mean another attempt: the loader tries again, a few times
            if (module.File.Facts.InitError is "EBUSY")
                continue;
            // a driver without hardware: once more for each device that came after the failure was known
            var most = module.File.Facts.InitError is null ? 1 : 1 + later;
            if (module.Calls > most)
                return new Breach(Invariant.DroverConverges, $"{module.Calls} calls for {module.Name}, at most {most} were needed");
        }
        if (machine.Kernel.Stats.WastedBytes != 0)
            return new Breach(Invariant.DroverConverges, $"{machine.Kernel.Stats.WastedBytes} bytes were wasted");
        var missing = HerdRun.Wanted(machine).FirstOrDefault(module => ledger[module].State is not ModuleState.Live);
        return missing is null ? null : new Breach(Invariant.DroverConverges, $"{missing} is missing");
    }
}
