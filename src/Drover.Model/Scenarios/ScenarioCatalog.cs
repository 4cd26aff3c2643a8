using System.Buffers;
using System.Text;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Index;
using Drover.Modules.Tree;

namespace Drover.Model.Scenarios;

/// <summary>A scenario's modules as the loader looks them up: the tables that depmod would write, in memory.</summary>
public static class ScenarioCatalog
{
    const string Root = "/scenario";

    /// <summary>Characters with a meaning in patterns.</summary>
    static readonly SearchValues<char> s_special = SearchValues.Create("*?[\\");

    /// <summary>The catalog of the scenario's modules and aliases. For one thread.</summary>
    /// <exception cref="ScenarioException">The scenario contradicts itself.</exception>
    public static ModuleCatalog Of(Scenario scenario)
    {
        ScenarioRules.Require(scenario);
        var dependencies = new IndexBuilder();
        var softdeps = new StringBuilder();
        foreach (var module in scenario.Modules)
        {
            // modules.dep names the nearest first
            var paths = module.Dependencies.Reverse().Select(name => PathOf(scenario, name));
            dependencies.Add(module.Name, $"{PathOf(scenario, module.Name)}: {string.Join(' ', paths)}".TrimEnd(), 0);
            if (module.SoftdepsBefore.Count + module.SoftdepsAfter.Count == 0)
                continue;
            var (before, after) = (string.Join(' ', module.SoftdepsBefore), string.Join(' ', module.SoftdepsAfter));
            softdeps.Append($"softdep {module.Name} pre: {before} post: {after}\n");
        }
        var aliases = new IndexBuilder();
        foreach (var (modalias, modules) in scenario.Aliases)
        {
            for (var i = 0; i < modules.Count; i++)
                aliases.Add(PatternOf(modalias), modules[i], (uint)i);
        }
        var tree = ModuleTree.FromTables(Root, Trie(dependencies, "modules.dep"), Trie(aliases, "modules.alias"));
        return new ModuleCatalog(tree, ModprobeConfig.Parse(softdeps.ToString(), $"{Root}/modules.softdep"));
    }

    public static string PathOf(Scenario scenario, string module) => $"{Root}/{module}.ko" + scenario.Compression switch
    {
        ModuleCompression.Gzip => ".gz",
        ModuleCompression.Xz => ".xz",
        ModuleCompression.Zstd => ".zst",
        _ => "",
    };

    /// <summary>The pattern that matches this modalias only. In an index only brackets quote: a backslash is an
    /// ordinary byte there (kmod: index_searchwild).</summary>
    static string PatternOf(string modalias)
    {
        var isValid = ModuleName.TryNormalizeAlias(modalias, out var text);
        Debug.Assert(isValid, "ScenarioRules check brackets");
        if (text.AsSpan().IndexOfAny(s_special) < 0)
            return text!;
        var pattern = new StringBuilder(text!.Length + 16);
        foreach (var character in text)
        {
            if (!s_special.Contains(character))
                pattern.Append(character);
            else
                pattern.Append('[').Append(character == '\\' ? "\\\\" : character).Append(']');
        }
        return pattern.ToString();
    }

    static IndexTrie Trie(IndexBuilder builder, string name) => new(builder.ToBytes(), $"{Root}/{name}.bin");
}
