using System.Buffers;
using System.Text;

namespace Drover.Modules.Depmod;

/// <summary>The text files that depmod writes. Stateless.</summary>
internal static class ModuleTexts
{
    /// <summary>modules.dep</summary>
    /// <param name="lines">One a module, without newlines.</param>
    public static void Dependencies(IBufferWriter<byte> to, IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            Encoding.UTF8.GetBytes(line, to);
            to.Write("\n"u8);
        }
    }

    /// <summary>A line of modules.dep, which is a value of its index, too.</summary>
    public static string DependencyLine(FoundModule module, List<FoundModule> dependencies)
    {
        var line = new StringBuilder(module.ShortPath).Append(':');
        foreach (var dependency in dependencies)
            line.Append(' ').Append(dependency.ShortPath);
        return line.ToString();
    }

    /// <summary>modules.alias</summary>
    public static void Aliases(IBufferWriter<byte> to, FoundModule[] modules)
    {
        to.Write("# Aliases extracted from modules themselves.\n"u8);
        foreach (var module in modules)
        {
            foreach (var alias in module.Facts.Aliases)
                Line(to, "alias "u8, alias, module.NameBytes);
        }
    }

    /// <summary>modules.softdep</summary>
    public static void SoftDependencies(IBufferWriter<byte> to, FoundModule[] modules)
    {
        to.Write("# Soft dependencies extracted from modules themselves.\n"u8);
        foreach (var module in modules)
        {
            foreach (var rule in module.Facts.SoftDependencies)
                Line(to, "softdep "u8, module.NameBytes, rule);
        }
    }

    /// <summary>modules.symbols</summary>
    /// <param name="sorted">What <see cref="SymbolTable.Sort"/> gave.</param>
    public static void Symbols(IBufferWriter<byte> to, SymbolTable symbols, int[] sorted)
    {
        to.Write("# Aliases for symbols, used by symbol_request().\n"u8);
        foreach (var symbol in sorted)
            Line(to, "alias symbol:"u8, symbols.Name(symbol), symbols.Owner(symbol).NameBytes);
    }

    static void Line(IBufferWriter<byte> to, ReadOnlySpan<byte> start, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        to.Write(start);
        to.Write(first);
        to.Write(" "u8);
        to.Write(second);
        to.Write("\n"u8);
    }
}
