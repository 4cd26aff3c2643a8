using Drover.Cli;
using Drover.Output;

namespace Drover.Verbs;

/// <summary>A daemon's counts as a file, for node_exporter's textfile collector: replaced in one step every fifteen seconds, gone at the end. One owner, the event loop.</summary>
sealed class MetricsFile : IDisposable
{
    /// <summary>As often as Prometheus is usually told to look.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(15);

    readonly string _path;
    readonly Func<string> _text;
    readonly Terminal _terminal;
    readonly ITimer _timer;
    bool _hasFailed;

    /// <param name="path">Where it goes; a collector takes it when it ends in .prom.</param>
    /// <param name="text">The counts now.</param>
    /// <param name="time">The loop's.</param>
    /// <param name="terminal">Is told when it can no longer be written.</param>
    /// <exception cref="CannotException">It cannot be written at all.</exception>
    public MetricsFile(string path, Func<string> text, TimeProvider time, Terminal terminal)
    {
        (_path, _text, _terminal) = (path, text, terminal);
        if (Replace() is { } problem)
            throw new CannotException($"--metrics: {problem}");
        _timer = time.CreateTimer(_ => Again(), null, Pause, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _timer.Dispose();
        try
        {
            File.Delete(_path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // an old count is no harm
        }
    }

    void Again()
    {
        var problem = Replace();
        if (problem is not null && !_hasFailed)
            _terminal.Complain($"daemon: {problem}");
        _hasFailed = problem is not null;
        _timer.Change(Pause, Timeout.InfiniteTimeSpan);
    }

    /// <returns>Why it could not be written, or null.</returns>
    string? Replace()
    {
        try
        {
            File.WriteAllText(_path + ".part", _text());
            File.Move(_path + ".part", _path, overwrite: true);
            return null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return problem.Message;
        }
    }
}
