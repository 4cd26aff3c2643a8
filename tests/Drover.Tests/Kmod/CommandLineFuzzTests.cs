using CsCheck;
using Drover.Kmod;

namespace Drover.Tests.Kmod;

/// <summary>Random command lines end with an exit status and an error message.</summary>
public sealed class CommandLineFuzzTests : IDisposable
{
    readonly ModuleRoot _root = new ModuleRoot().Write("a.ko", new TestModule())
        .Write("cut.ko", "\u007fELF\u0002\u0001").Write("modules.dep", "a.ko: b.ko\nb.ko:\n")
        .Write("modules.alias", "alias x:* a\n")
            .Write("/c.conf", "alias zz_alias a\ninstall zz_cmd true\nsoftdep a pre: zz_alias post: zz_cmd\n");

    public static TheoryData<string> Tools => new(KmodTool.All.Select(tool => tool.Name));

    public void Dispose() => _root.Dispose();

    [Theory]
    [MemberData(nameof(Tools))]
    public void Random_arguments_end_without_a_crash(string tool)
    {
        string[] begin = tool switch
        {
            // no name is a module of this machine, and no tree is that of this machine
            "modprobe" => ["-C", $"{_root.Path}/c.conf", "-d", _root.Path, "-S", ModuleRoot.Release],
            "modinfo" => ["-b", _root.Path, "-k", ModuleRoot.Release],
            "depmod" => ["-n", "-b", _root.Path, ModuleRoot.Release],
            _ => [],
        };
        var words = Gen.Frequency(
            (4, Gen.OneOf<string>([.. OptionsOf(tool)])),
            (3, Gen.OneOf("zz_none", "zz_alias", "zz_cmd", "zz-dash", "x:1", "zz[", "zz]", "", "-", "--", "=", "zz=1",
                "--=", "---", $"{_root.Directory}/a.ko", $"{_root.Directory}/cut.ko", $"{_root.Directory}/none.ko",
                _root.Path, "/dev/null", "18446744073709551616", "-1", "0x")),
            (1, Gen.String[Gen.Char, 0, 8].Select(text => "zz" + text.Replace("\0", "", StringComparison.Ordinal))),
            (1, Gen.String[Gen.Char['!', '~'], 1, 4]
                .Select(text => "-" + text.Replace('o', '-').Replace('d', '-').Replace('C', '-').Replace('S', '-')
                .Replace('b', '-').Replace('k', '-'))));
        words.Array[0, 7].Sample(
            line =>
            {
                var run = CommandLineRun.Run([tool, .. begin, .. line]);
                return run.Exit is 0 or 1 && (run.Exit == 0 || run.Error.Length + run.Out.Length > 0 || IsQuiet(line));
            },
            iter: 1000, threads: 1, print: line =>
                $"{tool} {string.Join(' ', begin)} {string.Join(' ', line.Select(word => $"'{word}'"))}");
    }

    /// <summary>The options of its help, complete and abbreviated, with a value where they take one.</summary>
    static IEnumerable<string> OptionsOf(string tool)
    {
        foreach (var option in Packaging.CommandTable.Tools.Single(one => one.Name == tool).Options)
        {
            // the tree is fixed, and nothing is written
            if (option.Long is "dirname" or "basedir" or "set-version" or "config" or "outdir" or "output")
                continue;
            yield return $"--{option.Long}";
            yield return $"--{option.Long[..^1]}";
            yield return $"--{option.Long}=human";
            if (option.Short is { } letter)
                yield return $"-{letter}";
        }
    }

    /// <summary>No message is expected with -q or with syslog, nor from the modprobe -r of kmod for a name with an
    /// unmatched bracket.</summary>
    static bool IsQuiet(string[] line) =>
        line.Any(word => word.StartsWith('-') && word.AsSpan().ContainsAny('q', 's'))
            || (line.Any(word => word.StartsWith('-') && word.Contains('r', StringComparison.Ordinal))
            && line.Any(word => word.AsSpan().ContainsAny('[', ']')));
}
