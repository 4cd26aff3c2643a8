using Drover.CommandLine;
using Drover.Kernel;
using Drover.Modules;
using Drover.Modules.Config;
using Drover.Modules.Symbols;
using Drover.Text;

namespace Drover.Kmod;

/// <summary><c>modprobe -c</c>: the configuration, by kind of line, and the indexes of aliases and symbols.</summary>
static class ModprobeDump
{
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

    /// <summary>The text of a softdep line, without empty parts.</summary>
    /// <param name="between">Separates the two parts; kmod 30 prints no separator.</param>
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
            json.WriteObjects("blacklist", config.Blacklist, line => Members(line.Source, ("module", line.Module)));
            json.WriteObjects(
                "install", config.InstallCommands,
                line => Members(line.Source, ("module", line.Pattern), ("command", line.Command)));
            json.WriteObjects(
                "remove", config.RemoveCommands,
                line => Members(line.Source, ("module", line.Pattern), ("command", line.Command)));
            json.WriteObjects(
                "alias", config.Aliases,
                line => Members(line.Source, ("pattern", line.Pattern), ("module", line.Module)));
            json.WriteObjects(
                "options", config.Options,
                line => Members(line.Source, ("module", line.Module), ("options", line.Options)));
            json.WriteObjects("softdep", config.SoftDependencies, line =>
            {
                json.WriteString("module", line.Pattern);
                json.WriteStrings("pre", line.Pre);
                json.WriteStrings("post", line.Post);
                Members(line.Source);
            });
            json.WriteObjects("aliasIndex", tree.Aliases(), Entry);
            json.WriteObjects("symbolIndex", tree.Symbols(), Entry);

            void Entry(KeyValuePair<string, string> entry)
            {
                json.WriteString("pattern", entry.Key);
                json.WriteString("module", entry.Value);
            }

            void Members(ConfigSource source, params ReadOnlySpan<(string Key, string Value)> members)
            {
                foreach (var (key, value) in members)
                    json.WriteString(key, value);
                json.WriteString("file", source.File);
                json.WriteNumber("line", source.Line);
            }
        });
    }
}

/// <summary><c>modprobe --show-modversions FILE</c>, <c>--show-exports FILE</c>: symbols with checksums.</summary>
static class ModprobeSymbols
{
    public static int Write(ModprobeRun run)
    {
        var file = run.Options.Operands[0];
        var exports = run.Options.Task is ModprobeTask.ShowExports;
        if (!File.Exists(file) && !Directory.Exists(file))
        {
            run.ReportFailure($"Module {file} not found.");
            return ExitCode.Failure;
        }
        Errno error;
        try
        {
            var symbols = exports ? ModuleVersions.Exports(file) : ModuleVersions.Uses(file);
            if (symbols is not null)
            {
                foreach (var (name, crc) in symbols)
                    run.Terminal.Out.WriteLine($"0x{crc:x8}\t{name}");
                return ExitCode.Ok;
            }
            error = Errno.ENOENT;
        }
        catch (ModuleDataException damaged)
        {
            run.Log.Info(damaged.Message);
            error = damaged.Fault is DataFault.OtherFormat ? Errno.ENOEXEC : Errno.EINVAL;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            run.Log.Info(problem.Message);
            error = Directory.Exists(file) ? Errno.EISDIR : Errno.EACCES;
        }
        run.ReportFailure($"could not get {(exports ? "symbols" : "modversions")} of {file}: {StrError.Of(error)}");
        return ExitCode.Failure;
    }
}
