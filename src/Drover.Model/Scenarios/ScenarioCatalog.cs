using System.Buffers;
using System.Diagnostics;
using System.Text;
using Drover.Modules;

namespace Drover.Model;

/// <summary>A scenario's modules as the loader looks them up: the tables depmod would have made of them, in memory. Stateless.</summary>
public static class ScenarioCatalog
{
    /// <summary>The module directory there would be.</summary>
    const string Directory = "/scenario";

    /// <summary>What means something else in a pattern than in a modalias.</summary>
    static readonly SearchValues<char> Special = SearchValues.Create("*?[\\");

    /// <summary>The catalog in which every alias of the scenario, and only those, stands for its modules. For one thread.</summary>
    /// <exception cref="ScenarioException">The scenario contradicts itself.</exception>
    public static ModuleCatalog Of(Scenario scenario)
    {
        ScenarioRules.Require(scenario);
        var dependencies = new IndexBuilder();
        var softdeps = new StringBuilder();
        foreach (var module in scenario.Modules)
        {
            // modules.dep names the nearest first
            var line = string.Join(' ', module.Dependencies.Reverse().Select(name => PathOf(scenario, name)).Prepend($"{PathOf(scenario, module.Name)}:"));
            dependencies.Add(module.Name, line, 0);
            if (module.SoftdepsBefore.Count + module.SoftdepsAfter.Count > 0)
                softdeps.Append($"softdep {module.Name} pre: {string.Join(' ', module.SoftdepsBefore)} post: {string.Join(' ', module.SoftdepsAfter)}\n");
        }
        var aliases = new IndexBuilder();
        foreach (var (modalias, modules) in scenario.Aliases)
        {
            for (var i = 0; i < modules.Count; i++)
                aliases.Add(PatternOf(modalias), modules[i], (uint)i);
        }
        var tree = ModuleTree.FromTables(Directory, Trie(dependencies, "modules.dep"), Trie(aliases, "modules.alias"));
        return new ModuleCatalog(tree, ModprobeConfig.Parse(softdeps.ToString(), $"{Directory}/modules.softdep"));
    }

    /// <summary>The path of a module's file.</summary>
    public static string PathOf(Scenario scenario, string module) => $"{Directory}/{module}.ko" + scenario.Compression switch
    {
        ModuleCompression.Gzip => ".gz",
        ModuleCompression.Xz => ".xz",
        ModuleCompression.Zstd => ".zst",
        _ => "",
    };

    /// <summary>The pattern that matches this modalias and nothing else. In an index only a bracket can quote: a backslash is no special byte there (kmod: index_searchwild).</summary>
    static string PatternOf(string modalias)
    {
        var isSound = ModuleName.TryNormalizeAlias(modalias, out var text);
        Debug.Assert(isSound, "ScenarioRules have seen to the brackets");
        if (text.AsSpan().IndexOfAny(Special) < 0)
            return text!;
        var pattern = new StringBuilder(text!.Length + 16);
        foreach (var character in text)
        {
            if (!Special.Contains(character))
                pattern.Append(character);
            else
                pattern.Append('[').Append(character == '\\' ? "\\\\" : character).Append(']');
        }
        return pattern.ToString();
    }

    static IndexTrie Trie(IndexBuilder builder, string name) => new(builder.ToBytes(), $"{Directory}/{name}.bin");
}
