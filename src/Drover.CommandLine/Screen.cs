using Drover.Linux.Files;
using Drover.Text;

namespace Drover.CommandLine;

/// <summary>A terminal that repeatedly shows a page of text, cut off at its right and bottom edges.</summary>
public sealed class Screen(Terminal terminal)
{
    const string Home = "\e[H", EraseLine = "\e[K", EraseBelow = "\e[J", EraseAll = "\e[2J";

    bool _isShown;

    /// <param name="page">Writes it for a screen of that size; its exceptions leave the previous page in place.</param>
    public void Show(Action<TextWriter, TerminalSize> page)
    {
        var size = terminal.Screen ?? TerminalSize.Least; // a terminal that has gone fails on the next write
        var text = new StringWriter { NewLine = "\n" };
        page(text, size);
        terminal.Out.Write(_isShown ? Home : EraseAll + Home);
        _isShown = true;
        // The cursor keeps the last row. The last column stays empty: terminals differ in where the cursor is after it.
        foreach (var line in text.ToString().TrimEnd('\n').Split('\n').Take(size.Rows - 1))
        {
            var visible = line.Length < size.Columns ? line : line[..(size.Columns - 1)];
            terminal.Out.Write($"{PlainText.Of(visible)}{EraseLine}\n");
        }
        terminal.Out.Write(EraseBelow);
        terminal.Flush();
    }

    /// <summary>Erases the page; the next output starts at the top.</summary>
    public void Clear()
    {
        if (_isShown)
            terminal.Out.Write(Home + EraseBelow);
        _isShown = false;
    }
}

/// <summary>A line at the bottom of a terminal that the next one overwrites; nothing without a terminal.</summary>
public sealed class ProgressLine(Terminal terminal, TimeProvider time)
{
    /// <summary>Faster updates are not visible.</summary>
    static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    const string EraseLine = "\r\e[K";

    long _shownAt;
    bool _isShown;

    /// <summary>Shows a text, unless one was shown less than 100 ms ago.</summary>
    public void Show(Func<string> text)
    {
        if (!terminal.IsWatched || (_isShown && time.GetElapsedTime(_shownAt) < s_interval))
            return;
        terminal.Error.Write($"{EraseLine}{text()}");
        _shownAt = time.GetTimestamp();
        _isShown = true;
    }

    /// <summary>Erases the line before other output.</summary>
    public void Clear()
    {
        if (!_isShown)
            return;
        terminal.Error.Write(EraseLine);
        _isShown = false;
    }
}
