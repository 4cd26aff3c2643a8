using Drover.Cli;
using Drover.Loading;

namespace Drover.Output;

/// <summary>Shows a person what the loader does: a line a call where they want to know, and a progress line unless they do not. Used on the event loop.</summary>
sealed class LoadWatcher(Terminal terminal, bool isVerbose, bool isQuiet = false) : ILoaderObserver
{
    readonly ProgressLine _line = new(terminal, TimeProvider.System);
    int _inKernel;
    int _loaded;

    /// <summary>What stands before the loads on the progress line.</summary>
    public Func<string> Progress { get; set; } = () => "";

    public void Calling(LoadCall call, ModuleFileFacts file)
    {
        _inKernel++;
        Show();
    }

    public void Called(LoadCall call, ModuleFileFacts file, LoadReply reply, TimeSpan took)
    {
        _inKernel--;
        if (reply.Error is Errno.None)
            _loaded++;
        if (isVerbose)
            Say($"{call.Module}: {(reply.Error is Errno.None ? "loaded" : ErrnoText.Name(reply.Error))}, {ByteSize.Format(file.FileBytes)}, {took.TotalMilliseconds:0.0} ms, {call.Path}");
        Show();
    }

    public void Noted(string message)
    {
        if (isVerbose)
            Say(message);
    }

    /// <summary>Takes the progress line away: the work is done.</summary>
    public void Done() => _line.Clear();

    void Say(string line)
    {
        _line.Clear();
        terminal.Error.WriteLine(line);
    }

    void Show()
    {
        if (!isQuiet)
            _line.Show(() => $"{Progress()}{_loaded} loaded, {_inKernel} in the kernel");
    }
}
