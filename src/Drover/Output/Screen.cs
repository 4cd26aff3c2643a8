using Drover.Linux;

namespace Drover.Output;

/// <summary>A terminal that a page is shown on, over and over: what does not fit is cut off on the right and below. One owner.</summary>
sealed class Screen(Terminal terminal)
{
    const string Home = "\e[H", EraseLine = "\e[K", EraseBelow = "\e[J", EraseAll = "\e[2J";

    bool _isShown;

    /// <summary>Shows a page in the place of the one before.</summary>
    /// <param name="page">Writes it, for a screen of that size; whatever it throws comes before anything is shown.</param>
    public void Show(Action<TextWriter, TerminalSize> page)
    {
        var size = terminal.Screen ?? TerminalSize.Least; // one that has gone says so when it is written to
        var text = new StringWriter { NewLine = "\n" };
        page(text, size);
        terminal.Out.Write(_isShown ? Home : EraseAll + Home);
        _isShown = true;
        // the last row is left to the cursor, and the last column: a terminal is of two minds about where it stands behind that
        foreach (var line in text.ToString().TrimEnd('\n').Split('\n').Take(size.Rows - 1))
            terminal.Out.Write($"{PlainText.Of(line.Length < size.Columns ? line : line[..(size.Columns - 1)])}{EraseLine}\n");
        terminal.Out.Write(EraseBelow);
        terminal.Flush();
    }

    /// <summary>Takes the page away: what is written next begins at the top.</summary>
    public void Clear()
    {
        if (_isShown)
            terminal.Out.Write(Home + EraseBelow);
        _isShown = false;
    }
}
