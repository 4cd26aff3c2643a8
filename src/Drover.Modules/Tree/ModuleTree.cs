namespace Drover.Modules;

/// <summary>A module with its file and all it depends on, as a line of <c>modules.dep</c> says it.</summary>
/// <param name="Name">Normalised name.</param>
/// <param name="Path">Absolute path of its file.</param>
/// <param name="Dependencies">Names of its direct and indirect hard dependencies, in the order of the line: load them from the last to the first.</param>
public sealed record ModuleEntry(string Name, string Path, IReadOnlyList<string> Dependencies);

/// <summary>A module directory (<c>/lib/modules/RELEASE</c>) with its indexes, each opened when first asked for; immutable, for one thread.</summary>
public sealed class ModuleTree
{
    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    public static ModuleTree Open(string directory) => throw new NotSupportedException();

    /// <summary>A tree of tables in memory, for a kernel that has no disk.</summary>
    public static ModuleTree FromTables(string directory, IndexTrie dependencies, IndexTrie aliases, IndexTrie? symbols = null, IndexTrie? builtIn = null, IndexTrie? builtInAliases = null)
        => throw new NotSupportedException();

    public string Directory => throw new NotSupportedException();

    /// <summary>The module of that (normalised) name, or null (modules.dep).</summary>
    public ModuleEntry? Find(string name) => throw new NotSupportedException();

    /// <summary>modules.alias.</summary>
    public IReadOnlyList<string> MatchAliases(string alias) => throw new NotSupportedException();

    /// <summary>modules.symbols; <paramref name="symbol"/> with its <c>symbol:</c>.</summary>
    public IReadOnlyList<string> MatchSymbols(string symbol) => throw new NotSupportedException();

    /// <summary>modules.builtin.</summary>
    public bool IsBuiltIn(string name) => throw new NotSupportedException();

    /// <summary>modules.builtin.alias, or what modules.builtin.modinfo says where that is missing.</summary>
    public IReadOnlyList<string> MatchBuiltInAliases(string alias) => throw new NotSupportedException();
}
