using System.Text;

namespace Drover.Tests.Kmod;

/// <summary>Random machines with dependent modules and random configuration lines, compared with the
/// modprobe of kmod.</summary>
public sealed class ModprobePropertyTests
{
    /// <summary>Number of machines; <c>DROVER_FUZZ</c> sets another, and <c>DROVER_FUZZ_SEED</c> selects one.</summary>
    const int Machines = 60;

    static readonly string[] s_blanks = [" ", "\t", "  ", " \\\n", " \\\n\t"];

    [Fact]
    public void Random_configurations_give_the_output_of_kmod()
    {
        var only = Environment.GetEnvironmentVariable("DROVER_FUZZ_SEED");
        var count = int.TryParse(Environment.GetEnvironmentVariable("DROVER_FUZZ"), out var asked) ? asked : Machines;
        foreach (var seed in only is null ? Enumerable.Range(0, count)
            : [int.Parse(only, System.Globalization.CultureInfo.InvariantCulture)])
        {
            try
            {
                Try(new Random(seed));
            }
            catch (Exception problem) when (!problem.GetType().Name.Contains("Skip", StringComparison.Ordinal))
            {
                Assert.Fail(
                    $"seed {seed}: {problem.Message}\nreplay: DROVER_FUZZ_SEED={seed} dotnet run --project " +
                    $"tests/Drover.Tests -c Release -- -method " +
                    $"\"*{nameof(Random_configurations_give_the_output_of_kmod)}\"");
            }
        }
    }

    static void Try(Random random)
    {
        using var root = new ModuleRoot();
        var count = random.Next(1, 9);
        for (var i = 0; i < count; i++)
            root.Write($"{(random.Next(4) == 0 ? "updates" : "kernel")}/{Name(i)}.ko", Module(random, i));
        root.Write("modules.builtin", "kernel/built.ko\n").Write("modules.builtin.modinfo", "built.alias=x:built*\0")
            .Index();
        root.Write("/c/1.conf", Configuration(random)).Write("/c/2.conf", Configuration(random));

        string[] machine = ["modprobe", "-d", root.Path, "-S", ModuleRoot.Release, "-C", $"{root.Path}/c"];
        var names = Enumerable.Range(0, 12).Select(_ => AnyName(random)).ToArray();
        foreach (var words in (string[][])[["-c"], ["-aR", .. names], ["-aD", .. names], ["-anv", .. names],
            ["-abD", .. names]])
        {
            KmodBeside.SameAsKmod([.. machine, .. words], "--first-softdep");
        }

        foreach (var name in names[..2])
        {
            KmodBeside.SameAsKmod([.. machine, "-D", name, "p=1", "q=a b"], "--first-softdep");
            // one by one: with -a, kmod 30 ignores the command of a module that an earlier name has resolved to
            KmodBeside.SameAsKmod([.. machine, "-iD", name], "--first-softdep");
        }
    }

    static TestModule Module(Random random, int number) => new()
    {
        Exports = [$"sym{number}"],
        // only of earlier modules: the depmod of kmod omits cycles
        Needs = [.. Enumerable.Range(0, number).Where(_ => random.Next(3) == 0).Select(i => $"sym{i}")],
        Info =
        [
            .. Enumerable.Range(0, random.Next(3)).Select(_ => $"alias={Pattern(random)}"),
            .. Enumerable.Range(0, random.Next(6) == 0 ? 1 : 0)
                .Select(_ => $"softdep=pre: {SoftName(random)} post: {SoftName(random)}"),
        ],
    };

    static string Configuration(Random random)
    {
        var text = new StringBuilder();
        for (var i = random.Next(12); i > 0; i--)
            text.Append(Line(random)).Append('\n');
        return text.ToString();
    }

    static string Line(Random random)
    {
        var blank = Pick(random, s_blanks);
        return random.Next(14) switch
        {
            0 or 1 => $"alias{blank}{Pattern(random)} {AnyName(random)}",
            2 => $"alias {Name(random.Next(8))}{blank}{AnyName(random)}",
            3 or 4 => $"options{blank}{AnyName(random)} {Pick(random, "a=1", "b=\"x y\"", "c", "d='", "e=\\\n1", "")}",
            5 => $"blacklist{blank}{AnyName(random)}",
            6 => $"install {Glob(random)}{blank}"
                + Pick(random, "true $CMDLINE_OPTS", "exit 3", "modprobe -i x && true", ""),
            7 => $"remove {Glob(random)} true",
            8 or 9 or 10 =>
                $"softdep {Glob(random)} {Pick(random, "pre:", "post:", "pre: post:", "")}{blank}{SoftName(random)} " +
                $"{SoftName(random)} {Pick(random, "pre:", "post:", "")} {SoftName(random)}",
            11 => $"# alias {AnyName(random)} {AnyName(random)}{Pick(random, "", " \\")}",
            12 => $"{Pick(random, "nonsense", "include", "config", "ALIAS", " alias")} {AnyName(random)} " +
                $"{AnyName(random)}",
            _ => Pick(random, "", " ", "\\", "alias", "softdep m0", "options", "blacklist a b"),
        };
    }

    static string Name(int number) => number % 3 == 2 ? $"m-{number}" : $"m{number}";

    static string AnyName(Random random) => random.Next(10) switch
    {
        < 5 => Name(random.Next(9)),
        5 => Pick(random, "built", "ghost", "m_2", "m-5"),
        _ => Pattern(random),
    };

    /// <summary>kmod warns about a softdep with unmatched brackets and continues; Drover continues.</summary>
    static string SoftName(Random random) =>
        AnyName(random).Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);

    /// <summary>An alias, or a similar string.</summary>
    static string Pattern(Random random) =>
        Pick(random, "x:a*", "x:ab", "x:[a-c]b", "x:?b", "x:built1", "x-y", "x_y", "x-[a-z]", "x-[!a]", "x:a[", "x]",
        "*", "m*", "al-ias", "al_ias", "x:a-b[d-e]", "x:abc");

    static string Glob(Random random) =>
        random.Next(4) == 0 ? Pick(random, "m*", "*", "m_?", "m[0-3]", "x*", "ghost") : Name(random.Next(9));

    static string Pick(Random random, params string[] from) => from[random.Next(from.Length)];
}
