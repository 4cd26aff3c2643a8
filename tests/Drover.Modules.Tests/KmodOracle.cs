using System.Globalization;
using System.Text;

namespace Drover.Modules.Tests;

/// <summary>The machine's libkmod, through a small C program that is compiled on first use.</summary>
sealed class KmodOracle
{
    readonly string _program;

    KmodOracle(string program) => _program = program;

    /// <summary>The oracle, or null and the reason.</summary>
    public static KmodOracle? Get(out string why)
    {
        var source = $"{ProjectCache.Root}/tests/Drover.Modules.Tests/kmod-oracle.c";
        var program = $"{ProjectCache.Path}/tools/kmod-oracle";
        why = "";
        if (!File.Exists(program) || File.GetLastWriteTimeUtc(program) < File.GetLastWriteTimeUtc(source))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(program)!);
            var fresh = $"{program}.{Environment.ProcessId}";
            var built = Tool.Try("gcc", ["-O2", "-Wall", "-o", fresh, source, "-lkmod"]);
            if (!built.Succeeded)
            {
                why = $"libkmod is missing: apt-get install gcc libkmod-dev ({built.Error.Split('\n')[0]})";
                return null;
            }
            File.Move(fresh, program, overwrite: true);
        }
        return new KmodOracle(program);
    }

    /// <summary>The result of kmod_module_new_from_lookup for each alias, names joined by blanks.</summary>
    public string[] Answers(string moduleDirectory, string configDirectory, IEnumerable<string> aliases) =>
        Lines("answers", moduleDirectory, configDirectory, aliases);

    /// <summary>Nanoseconds of each look-up, the minimum over the rounds.</summary>
    public double[] Nanoseconds(string moduleDirectory, string configDirectory, IEnumerable<string> aliases,
        int rounds) =>
        Lines("time", moduleDirectory, configDirectory, aliases, rounds.ToString(CultureInfo.InvariantCulture))
            .Select(line => double.Parse(line, CultureInfo.InvariantCulture)).ToArray();

    string[] Lines(string mode, string moduleDirectory, string configDirectory, IEnumerable<string> aliases,
        params string[] more)
    {
        var result = Tool.Try(_program, [mode, moduleDirectory, configDirectory, .. more],
            Encoding.UTF8.GetBytes(string.Concat(aliases.Select(a => a + "\n"))));
        if (!result.Succeeded) throw new InvalidOperationException($"kmod-oracle exits {result.Exit}: {result.Error}");
        return result.Out.Split('\n')[..^1];
    }
}
