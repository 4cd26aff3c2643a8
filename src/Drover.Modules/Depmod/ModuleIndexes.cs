using System.Text;

namespace Drover.Modules.Depmod;

/// <summary>The indexes of what modules say. A key or value that an index cannot hold (bytes beyond ASCII in a key) is told and left out. Stateless.</summary>
internal static class ModuleIndexes
{
    /// <summary>modules.dep.bin</summary>
    /// <param name="lines">One a module, as in modules.dep.</param>
    public static byte[] Dependencies(FoundModule[] modules, string[] lines, Action<DepmodSeverity, string> say)
    {
        var index = new IndexBuilder();
        foreach (var module in modules)
            Add(index, module.Name, lines[module.Index], module, say);
        return index.ToBytes();
    }

    /// <summary>modules.alias.bin</summary>
    public static byte[] Aliases(FoundModule[] modules, bool tellDuplicates, Action<DepmodSeverity, string> say)
    {
        var index = new IndexBuilder();
        var seen = new HashSet<string>();
        foreach (var module in modules)
        {
            seen.Clear();
            foreach (var bytes in module.Facts.Aliases)
            {
                var alias = Encoding.UTF8.GetString(bytes);
                if (!ModuleName.TryNormalizeAlias(alias, out var key))
                {
                    say(DepmodSeverity.Warning, $"Unmatched bracket in {alias}");
                    continue;
                }
                Add(index, key, module.Name, module, say);
                if (tellDuplicates && !seen.Add(key))
                    say(DepmodSeverity.Warning, $"duplicate module alias:\n{key} {module.Name}");
            }
        }
        return index.ToBytes();
    }

    /// <summary>modules.symbols.bin</summary>
    /// <param name="sorted">What <see cref="SymbolTable.Sort"/> gave.</param>
    public static byte[] Symbols(SymbolTable symbols, int[] sorted, Action<DepmodSeverity, string> say)
    {
        var index = new IndexBuilder();
        foreach (var symbol in sorted)
        {
            var owner = symbols.Owner(symbol);
            Add(index, $"symbol:{Encoding.UTF8.GetString(symbols.Name(symbol))}", owner.Name, owner, say);
        }
        return index.ToBytes();
    }

    static void Add(IndexBuilder index, string key, string value, FoundModule module, Action<DepmodSeverity, string> say)
    {
        if (IndexBuilder.Objection(key, value) is { } objection)
            say(DepmodSeverity.Warning, $"Module {module.Name}: \"{key}\" is left out: {objection}");
        else
            index.Add(key, value, (uint)module.Index);
    }
}
