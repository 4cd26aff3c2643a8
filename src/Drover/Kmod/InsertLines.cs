using Drover.Kernel;
using Drover.Loading;

namespace Drover.Kmod;

/// <summary>The lines <c>insmod PATH OPTIONS</c> of -n, -D and -v, in kmod's order although loads run in parallel: each
/// as soon as all lines before it are printed. Owned by the event loop.</summary>
sealed class InsertLines(ModprobeRun run) : ILoaderObserver
{
    readonly Queue<(ModulePlan Plan, string Parameters)> _plans = [];
    readonly Dictionary<ModulePlan, ModuleOutcome> _ended = [];
    readonly HashSet<string> _called = [];
    readonly HashSet<string> _printed = [];
    readonly HashSet<string> _failed = [];
    int _next; // of the first plan's steps

    /// <summary>Prints a plan that is not loaded: all of it for -D, else modules not in the kernel.</summary>
    public void Write(IReadOnlyList<PlanStep> steps, string parameters)
    {
        foreach (var step in steps.Where(step => run.Options.ShowDepends || !step.IsInKernel))
            Write(step, parameters);
    }

    /// <summary>These plans are loaded now, and their lines printed in this order.</summary>
    public void Expect(IEnumerable<(ModulePlan Plan, string Parameters)> plans)
    {
        foreach (var plan in plans)
            _plans.Enqueue(plan);
    }

    /// <summary>A plan's load has ended: the rest of its lines, as far as kmod would have come.</summary>
    public void Ended(ModulePlan plan, ModuleOutcome outcome)
    {
        _ended.Add(plan, outcome);
        Advance();
    }

    public void Calling(LoadCall call, ModuleFileFacts file)
    {
        if (_called.Add(call.Module))
            Advance();
    }

    public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
    {
        if (reply.Error is Errno.None)
        {
            _failed.Remove(call.Module);
            return;
        }
        _failed.Add(call.Module);
        run.Log.Info($"Failed to insert module '{call.Path}': {StrError.Of(reply.Error)}");
    }

    public void CommandEnded(string module, string command, int status)
    {
        if (status == 0)
            return;
        _failed.Add(module);
        run.Log.Error(status < 0
            ? $"Could not run install command '{command}' for module {module}: no shell"
            : $"Error running install command '{command}' for module {module}: retcode {status}");
    }

    public void Noted(string message) => run.Log.Info(message);

    /// <summary>Joins options as kmod does: a blank follows configured options in any case.</summary>
    public static string Join(string configured, string own) => configured.Length == 0 ? own : $"{configured} {own}";

    void Advance()
    {
        while (_plans.TryPeek(out var first))
        {
            var steps = first.Plan.Steps;
            for (; _next < steps.Count && (steps[_next].IsInKernel || _called.Contains(steps[_next].Name)); _next++)
            {
                if (!steps[_next].IsInKernel && _printed.Add(steps[_next].Name))
                    Write(steps[_next], first.Parameters);
            }
            if (!_ended.TryGetValue(first.Plan, out var outcome))
                break;
            WriteRest(steps, outcome, first.Parameters);
            _plans.Dequeue();
            _next = 0;
            // a later plan that needs a failed module prints it again, as kmod does
            _called.ExceptWith(_failed);
            _printed.ExceptWith(_failed);
        }
        if (run.Terminal.IsWatched)
            run.Terminal.Flush();
    }

    void WriteRest(IReadOnlyList<PlanStep> steps, ModuleOutcome outcome, string parameters)
    {
        // a failed module may have its line already
        if (!outcome.IsAvailable && steps.Take(_next).Any(step => step.IsRequired && _failed.Contains(step.Name)))
            return;
        foreach (var step in steps.Skip(_next).Where(step => !step.IsInKernel && !_printed.Contains(step.Name)))
        {
            Write(step, parameters);
            var hasFailed = _failed.Contains(step.Name);
            if (step.IsRequired && !outcome.IsAvailable && (step.IsTarget || hasFailed))
                break;
            if (!hasFailed)
                _printed.Add(step.Name);
        }
    }

    void Write(PlanStep step, string parameters)
    {
        var options = Join(step.Options, step.IsTarget ? parameters : "");
        if (step.Command is not null)
            run.Terminal.Out.WriteLine($"install {step.Command} {options}");
        else if (step.Path is not null)
            run.Terminal.Out.WriteLine($"insmod {step.Path} {options}");
        else if (step.IsBuiltIn)
            run.Terminal.Out.WriteLine($"builtin {step.Name}");
    }
}
