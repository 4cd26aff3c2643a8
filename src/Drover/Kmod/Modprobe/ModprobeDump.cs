using System.Text.Json;
using Drover.Cli;
using Drover.Modules;
using Drover.Output;

namespace Drover.Kmod;

/// <summary><c>modprobe -c</c>: the configuration, kind by kind, and the indexes of aliases and symbols. Stateless.</summary>
static class ModprobeDump
{
    /// <returns>The exit status.</returns>
    public static int Write(ModprobeRun run)
    {
        if (run.Options.Json)
            WriteJson(run);
        else
            WriteText(run);
        return ExitCode.Ok;
    }

    static void WriteText(ModprobeRun run)
    {
        var (config, tree, output) = (run.Catalog.Config, run.Catalog.Tree, run.Terminal.Out);
        foreach (var line in config.Blacklist)
            output.WriteLine($"blacklist {line.Module}");
        foreach (var line in config.InstallCommands)
            output.WriteLine($"install {line.Pattern} {line.Command}");
        foreach (var line in config.RemoveCommands)
            output.WriteLine($"remove {line.Pattern} {line.Command}");
        foreach (var line in config.Aliases)
            output.WriteLine($"alias {line.Pattern} {line.Module}");
        foreach (var line in config.Options)
            output.WriteLine($"options {line.Module} {line.Options}");
        foreach (var line in config.SoftDependencies)
            output.WriteLine($"softdep {line.Pattern} {SoftdepText(line, between: "")}");
        output.WriteLine("\n# End of configuration files. Dumping indexes now:\n");
        WriteIndex(output, tree.Aliases());
        WriteIndex(output, tree.Symbols());
    }

    static void WriteIndex(TextWriter output, IEnumerable<KeyValuePair<string, string>> entries)
    {
        foreach (var (pattern, module) in entries)
        {
            output.Write("alias ");
            output.Write(pattern);
            output.Write(' ');
            output.WriteLine(module);
        }
    }

    /// <summary>As the line would be written anew: each part that has something.</summary>
    /// <param name="line">The line.</param>
    /// <param name="between">What stands between the two parts; nothing in kmod 30, a slip that its readers know.</param>
    public static string SoftdepText(SoftDependencyRule line, string between = " ")
    {
        var pre = line.Pre.Count > 0 ? $"pre: {string.Join(' ', line.Pre)}" : "";
        var post = line.Post.Count > 0 ? $"post: {string.Join(' ', line.Post)}" : "";
        return pre.Length > 0 && post.Length > 0 ? $"{pre}{between}{post}" : pre + post;
    }

    static void WriteJson(ModprobeRun run)
    {
        var (config, tree) = (run.Catalog.Config, run.Catalog.Tree);
        Json.Write(run.Terminal.Out, json =>
        {
            json.WriteObjects("blacklist", config.Blacklist, line => Members(json, "module", line.Module, null, null, line.Source));
            json.WriteObjects("install", config.InstallCommands, line => Members(json, "module", line.Pattern, "command", line.Command, line.Source));
            json.WriteObjects("remove", config.RemoveCommands, line => Members(json, "module", line.Pattern, "command", line.Command, line.Source));
            json.WriteObjects("alias", config.Aliases, line => Members(json, "pattern", line.Pattern, "module", line.Module, line.Source));
            json.WriteObjects("options", config.Options, line => Members(json, "module", line.Module, "options", line.Options, line.Source));
            json.WriteObjects("softdep", config.SoftDependencies, line =>
            {
                json.WriteString("module", line.Pattern);
                json.WriteStrings("pre", line.Pre);
                json.WriteStrings("post", line.Post);
                Source(json, line.Source);
            });
            json.WriteObjects("aliasIndex", tree.Aliases(), Entry);
            json.WriteObjects("symbolIndex", tree.Symbols(), Entry);

            void Entry(KeyValuePair<string, string> entry)
            {
                json.WriteString("pattern", entry.Key);
                json.WriteString("module", entry.Value);
            }
        });
    }

    static void Members(Utf8JsonWriter json, string key, string value, string? secondKey, string? secondValue, ConfigSource source)
    {
        json.WriteString(key, value);
        if (secondKey is not null)
            json.WriteString(secondKey, secondValue);
        Source(json, source);
    }

    static void Source(Utf8JsonWriter json, ConfigSource source)
    {
        json.WriteString("file", source.File);
        json.WriteNumber("line", source.Line);
    }
}
