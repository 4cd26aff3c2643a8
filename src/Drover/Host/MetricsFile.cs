using Drover.CommandLine;
using Drover.Text;

namespace Drover.Host;

/// <summary>The daemon's counters for node_exporter's textfile collector. Used on the event loop.</summary>
sealed class MetricsFile : IDisposable
{
    /// <summary>Prometheus' usual scrape interval.</summary>
    static readonly TimeSpan s_interval = TimeSpan.FromSeconds(15);

    readonly string _path;
    readonly Func<string> _text;
    readonly Terminal _terminal;
    readonly ITimer _timer;
    bool _hasFailed;

    /// <param name="path">The collector reads names that end in .prom.</param>
    /// <exception cref="CommandException">The file cannot be written.</exception>
    public MetricsFile(string path, Func<string> text, TimeProvider time, Terminal terminal)
    {
        (_path, _text, _terminal) = (path, text, terminal);
        if (!ByteText.IsUtf8(path))
            throw new CommandException($"--metrics: {path}: the name is not UTF-8");
        if (Replace() is { } problem)
            throw new CommandException($"--metrics: {problem}");
        _timer = time.CreateTimer(_ => Update(), null, s_interval, Timeout.InfiniteTimeSpan);
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
            // the collector reads old counters
        }
    }

    /// <summary>Warns of the first of several failures.</summary>
    void Update()
    {
        var problem = Replace();
        if (problem is not null && !_hasFailed)
            _terminal.Warn($"daemon: --metrics: {problem}");
        _hasFailed = problem is not null;
        _timer.Change(s_interval, Timeout.InfiniteTimeSpan);
    }

    /// <returns>Why the file could not be written, or null.</returns>
    string? Replace()
    {
        try
        {
            AtomicFile.WriteAllText(_path, _text());
            return null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return problem.Message;
        }
    }
}
