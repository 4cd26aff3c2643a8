using CsCheck;
using Drover.CommandLine;
using Drover.Linux.Files;
using Drover.Text;

namespace Drover.Tests.CommandLine;

public class ScreenTests
{
    static readonly Gen<string> s_page = Gen.Char["ab \e\n\t…"].Array[0, 80].Select(letters => new string(letters));

    [Fact]
    public void Terminal_shows_exactly_the_upper_left_corner_of_each_page() =>
        Gen.Select(Gen.Int[2, 8], Gen.Int[2, 12], s_page.Array[1, 4]).Sample((rows, columns, pages) =>
        {
            using var output = new StringWriter();
            var seen = new SeenTerminal(rows, columns);
            var screen = new Screen(new Terminal(output, TextWriter.Null, isWatched: true,
                new TerminalSize(rows, columns)));
            foreach (var page in pages)
            {
                screen.Show((writer, size) =>
                {
                    Assert.Equal(new TerminalSize(rows, columns), size);
                    writer.Write(page);
                });
                Take(output, seen);
                var lines = page.TrimEnd('\n').Split('\n').Take(rows - 1)
                    .Select(line => PlainText.Of(line.Length < columns ? line : line[..(columns - 1)]).TrimEnd());
                Assert.Equal(string.Join('\n', lines).TrimEnd('\n'), seen.Text);
            }
            screen.Clear();
            Take(output, seen);
            Assert.Equal((0, ""), (seen.Row, seen.Text));
        });

    [Fact]
    public void Failed_page_keeps_the_previous_one()
    {
        using var output = new StringWriter();
        var screen = new Screen(new Terminal(output, TextWriter.Null, isWatched: true, new TerminalSize(24, 80)));
        screen.Show((writer, _) => writer.Write("one"));
        var shown = output.ToString();
        Assert.Throws<IOException>(() => screen.Show((_, _) => throw new IOException()));
        Assert.Equal(shown, output.ToString());
    }

    static void Take(StringWriter output, SeenTerminal seen)
    {
        seen.Take(output.ToString());
        output.GetStringBuilder().Clear();
    }

    /// <summary>A terminal emulator for the sequences that Drover uses (ECMA-48: CUP, EL, ED).</summary>
    sealed class SeenTerminal(int rows, int columns)
    {
        readonly char[][] _cells = [.. Enumerable.Range(0, rows)
            .Select(_ => Enumerable.Repeat('?', columns).ToArray())];
        int _column;

        public int Row { get; private set; }

        /// <summary>Without trailing spaces and empty lines.</summary>
        public string Text => string.Join('\n', _cells.Select(line => new string(line).TrimEnd())).TrimEnd('\n');

        public void Take(string text)
        {
            for (var i = 0; i < text.Length; i++)
            {
                switch (text[i])
                {
                    case '\n':
                        (Row, _column) = (Row + 1, 0);
                        Assert.True(Row < rows, "the terminal scrolls");
                        break;
                    case '\e':
                        var end = text.AsSpan(i).IndexOfAnyInRange('A', 'Z') + i;
                        Command(text[(i + 2)..(end + 1)]);
                        i = end;
                        break;
                    default:
                        Assert.False(char.IsControl(text[i]));
                        Assert.True(_column < columns - 1, "the terminal may wrap the line");
                        _cells[Row][_column++] = text[i];
                        break;
                }
            }
        }

        void Command(string command)
        {
            switch (command)
            {
                case "H":
                    (Row, _column) = (0, 0);
                    break;
                case "K":
                    _cells[Row].AsSpan(_column).Fill(' ');
                    break;
                case "J":
                    _cells[Row].AsSpan(_column).Fill(' ');
                    Array.ForEach(_cells[(Row + 1)..], line => line.AsSpan().Fill(' '));
                    break;
                case "2J":
                    Array.ForEach(_cells, line => line.AsSpan().Fill(' '));
                    break;
                default:
                    Assert.Fail($"unknown command {command}");
                    break;
            }
        }
    }
}
