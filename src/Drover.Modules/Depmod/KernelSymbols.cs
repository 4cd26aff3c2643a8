using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Drover.Modules.Depmod;

/// <summary>Symbols of the kernel itself, from Module.symvers (<c>-E</c>) or System.map (<c>-F</c>): without them nothing could be said of what no module exports. Stateless.</summary>
internal static class KernelSymbols
{
    /// <summary>Adds what the options name.</summary>
    /// <returns>False where the file cannot be read; it has been told.</returns>
    public static bool TryAdd(SymbolTable to, DepmodOptions options, IDepmodReport report)
    {
        if ((options.SymbolVersions ?? options.SystemMap) is not { } file)
            return true;
        byte[] text;
        try
        {
            // a directory opens, for kmod, and has no lines
            text = Directory.Exists(file) ? [] : File.ReadAllBytes(file);
        }
        catch (Exception problem) when (FileProblem.ErrnoOf(problem) is { } errno)
        {
            report.Say(DepmodSeverity.Fatal, $"could not load {file}: {Marshal.GetPInvokeErrorMessage(errno)}");
            return false;
        }
        if (options.SymbolVersions is null)
            AddSystemMap(to, text, options.SymbolPrefix, file, report);
        else
            AddSymbolVersions(to, text, file, report);
        to.AddLoadersOwn();
        return true;
    }

    /// <summary>Lines as <c>0xb352177e TAB find_first_bit TAB vmlinux TAB EXPORT_SYMBOL</c>.</summary>
    static void AddSymbolVersions(SymbolTable to, byte[] text, string file, IDepmodReport report)
    {
        Span<Range> words = stackalloc Range[3];
        var lines = new Tree.TextLines(text);
        for (var number = 1; lines.MoveNext(); number++)
        {
            var line = lines.Current;
            // a word that ends the line still has its newline for kmod, and is not vmlinux then
            if (SplitWords(line, words) < words.Length || words[2].End.GetOffset(line.Length) == line.Length || !line[words[2]].SequenceEqual("vmlinux"u8))
                continue;
            var version = Encoding.UTF8.GetString(line[words[0]]);
            var digits = version.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? version[2..] : version;
            if (ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var crc))
                to.Add(line[words[1]], crc, null);
            else
                report.Say(DepmodSeverity.Error, $"{file}:{number} Invalid symbol version {version}: {Marshal.GetPInvokeErrorMessage(0)}");
        }
    }

    static int SplitWords(ReadOnlySpan<byte> line, Span<Range> words)
    {
        var count = 0;
        foreach (var range in line.SplitAny(" \t"u8))
        {
            if (line[range].IsEmpty)
                continue;
            words[count++] = range;
            if (count == words.Length)
                break;
        }
        return count;
    }

    /// <summary>Lines as <c>c0294200 R __ksymtab_devfs_alloc_devnum</c>; the others are passed over.</summary>
    static void AddSystemMap(SymbolTable to, byte[] text, byte prefix, string file, IDepmodReport report)
    {
        var lines = new Tree.TextLines(text);
        for (var number = 1; lines.MoveNext(); number++)
        {
            var line = lines.Current;
            var name = AfterBlank(AfterBlank(line, out var first), out var second);
            if (!first || !second)
            {
                report.Say(DepmodSeverity.Error, $"{file}:{number}: invalid line: {Encoding.UTF8.GetString(line)}\n");
                continue;
            }
            if (prefix != 0 && !name.IsEmpty && name[0] == prefix)
                name = name[1..];
            // those for GPL-compatible modules only, too
            var start = "__ksymtab_"u8;
            if (name.StartsWith(start))
                to.Add(name[start.Length..], 0, null, hasPrefix: false);
        }
    }

    static ReadOnlySpan<byte> AfterBlank(ReadOnlySpan<byte> line, out bool found)
    {
        var at = line.IndexOf((byte)' ');
        found = at >= 0;
        return found ? line[(at + 1)..] : default;
    }
}
