namespace Drover.Output;

/// <summary>A line at the bottom of a terminal that is written over until it is cleared; nothing at all where nobody watches. One owner.</summary>
sealed class ProgressLine(Terminal terminal, TimeProvider time)
{
    /// <summary>More often than this a person sees no difference.</summary>
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    const string EraseLine = "\r\e[K";

    long _shownAt;
    bool _isShown;

    /// <summary>Shows a text, unless one was shown just now.</summary>
    public void Show(Func<string> text)
    {
        if (!terminal.IsWatched || (_isShown && time.GetElapsedTime(_shownAt) < Interval))
            return;
        terminal.Error.Write($"{EraseLine}{text()}");
        _shownAt = time.GetTimestamp();
        _isShown = true;
    }

    /// <summary>Makes room for other output.</summary>
    public void Clear()
    {
        if (!_isShown)
            return;
        terminal.Error.Write(EraseLine);
        _isShown = false;
    }
}
