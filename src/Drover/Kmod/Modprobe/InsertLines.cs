using Drover.Loading;

namespace Drover.Kmod;

/// <summary>
/// The lines <c>insmod PATH OPTIONS</c> of -n, -D and -v. Of a real load, whose parts run side by side, they come in kmod's order, each as soon as all before it have come:
/// what hangs is in the last one, or beside it. One owner, the event loop.
/// </summary>
sealed class InsertLines(ModprobeRun run) : ILoaderObserver
{
    readonly HashSet<string> _called = [];
    readonly HashSet<string> _wasLive = [];
    readonly HashSet<string> _failed = [];
    IReadOnlyList<ProbeStep> _steps = [];
    string _parameters = "";
    int _next;

    /// <summary>All of them, for a load that is not done.</summary>
    public void Write(IReadOnlyList<ProbeStep> steps, string parameters)
    {
        _parameters = parameters;
        foreach (var step in steps)
        {
            if (run.Options.ShowDepends || !ModprobeInsert.InKernel(run.Catalog, step.Module.Name))
                Write(step);
        }
    }

    /// <summary>A load begins; what is live now has no line.</summary>
    public void Begin(IReadOnlyList<ProbeStep> steps, string parameters)
    {
        (_steps, _parameters, _next) = (steps, parameters, 0);
        _called.Clear();
        _wasLive.Clear();
        _failed.Clear();
        foreach (var step in steps)
        {
            if (ModprobeInsert.InKernel(run.Catalog, step.Module.Name))
                _wasLive.Add(step.Module.Name);
        }
    }

    /// <summary>The load has ended: the lines of all that kmod would have come to.</summary>
    public void End(ModuleOutcome outcome)
    {
        // what failed may have its line already
        for (var stopped = !outcome.IsAvailable && _steps.Take(_next).Any(step => step.IsRequired && _failed.Contains(step.Module.Name)); !stopped && _next < _steps.Count; _next++)
        {
            var step = _steps[_next];
            if (_wasLive.Contains(step.Module.Name))
                continue;
            Write(step);
            if (step.IsRequired && !outcome.IsAvailable && (step.IsTarget || _failed.Contains(step.Module.Name)))
                break;
            // named a second time, it would be live by then
            if (!_failed.Contains(step.Module.Name))
                _wasLive.Add(step.Module.Name);
        }
        _steps = [];
        _next = 0;
    }

    public void Calling(LoadCall call, ModuleFileFacts file)
    {
        if (!_called.Add(call.Module))
            return;
        while (_next < _steps.Count && (_called.Contains(_steps[_next].Module.Name) || _wasLive.Contains(_steps[_next].Module.Name)))
        {
            if (_wasLive.Add(_steps[_next].Module.Name))
                Write(_steps[_next]);
            _next++;
        }
        if (run.Terminal.IsWatched)
            run.Terminal.Flush();
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

    void Write(ProbeStep step)
    {
        var options = Join(step.Options, step.IsTarget ? _parameters : "");
        if (step.Command is not null)
            run.Terminal.Out.WriteLine($"install {step.Command} {options}");
        else if (step.Path is not null)
            run.Terminal.Out.WriteLine($"insmod {step.Path} {options}");
        else if (run.Catalog.Tree.IsBuiltIn(step.Module.Name))
            run.Terminal.Out.WriteLine($"builtin {step.Module.Name}");
    }

    /// <summary>As kmod joins them: a blank stands behind configured options, whatever comes.</summary>
    public static string Join(string configured, string own) => configured.Length == 0 ? own : $"{configured} {own}";
}
