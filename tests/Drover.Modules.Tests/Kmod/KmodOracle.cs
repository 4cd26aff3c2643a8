using System.Globalization;
using System.Text;

namespace Drover.Modules.Tests.Kmod;

/// <summary>libkmod of the machine, asked through a small C program that is compiled when first needed.</summary>
internal sealed class KmodOracle
{
    private readonly string _program;

    private KmodOracle(string program) => _program = program;

    /// <summary>The oracle, or null and why there is none.</summary>
    public static KmodOracle? Get(out string why)
    {
        string source = $"{ProjectCache.Root}/tests/Drover.Modules.Tests/Kmod/kmod-oracle.c";
        string program = $"{ProjectCache.Path}/tools/kmod-oracle";
        why = "";
        if (!File.Exists(program) || File.GetLastWriteTimeUtc(program) < File.GetLastWriteTimeUtc(source))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(program)!);
            string fresh = $"{program}.{Environment.ProcessId}";
            ToolResult built = Tool.Try("gcc", ["-O2", "-Wall", "-o", fresh, source, "-lkmod"]);
            if (!built.Succeeded)
            {
                why = $"libkmod cannot be asked: apt-get install gcc libkmod-dev ({built.Error.Split('\n')[0]})";
                return null;
            }
            File.Move(fresh, program, overwrite: true);
        }
        return new KmodOracle(program);
    }

    /// <summary>What kmod_module_new_from_lookup answers to each, names joined by a blank.</summary>
    public string[] Answers(string moduleDirectory, string configDirectory, IEnumerable<string> asked) => Lines("answers", moduleDirectory, configDirectory, asked);

    /// <summary>Nanoseconds of each look-up, the fastest of all rounds.</summary>
    public double[] Nanoseconds(string moduleDirectory, string configDirectory, IEnumerable<string> asked, int rounds) =>
        Lines("time", moduleDirectory, configDirectory, asked, rounds.ToString(CultureInfo.InvariantCulture)).Select(line => double.Parse(line, CultureInfo.InvariantCulture)).ToArray();

    private string[] Lines(string mode, string moduleDirectory, string configDirectory, IEnumerable<string> asked, params string[] more)
    {
        ToolResult result = Tool.Try(_program, [mode, moduleDirectory, configDirectory, .. more], Encoding.UTF8.GetBytes(string.Concat(asked.Select(a => a + "\n"))));
        if (!result.Succeeded) throw new InvalidOperationException($"kmod-oracle exits {result.Exit}: {result.Error}");
        return result.Out.Split('\n')[..^1];
    }
}
