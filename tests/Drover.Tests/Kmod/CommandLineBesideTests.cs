using Drover.Kmod;

namespace Drover.Tests.Kmod;

/// <summary>Random command lines, valid or not: output, errors and exit status equal those of kmod.</summary>
public sealed class CommandLineBesideTests : IClassFixture<ModprobeCorpusTests.Machine>
{
    /// <summary>Lines per tool; <c>DROVER_FUZZ</c> sets another number, <c>DROVER_FUZZ_SEED</c> selects one.</summary>
    const int Lines = 150;

    readonly ModprobeCorpus _corpus;

    public CommandLineBesideTests(ModprobeCorpusTests.Machine machine) => _corpus = machine.Corpus;

    // without help and version, which differ, and without the options of newer kmod
    public static TheoryData<string, string> Tools => new()
    {
        {
            "modprobe",
            "-a -r -w -w1 -R -i -b -f -D -c -n -q -v -s -e -1 -an -nv -aD -bD -iD -aR -rn -rv -qv --all --remove " +
            "--remove-dependencies --remove-holders --wait=1 --wait --resolve-alias --first-time --ignore-install " +
            "--ignore-remove " +
            "--use-blacklist --force --force-modversion --force-vermagic --show-depends --showconfig --show-config " +
            "--show-modversions --dump-modversions --show-exports --dry-run --show --syslog --quiet --verbose --res " +
            "--show-c " +
            "--remove-h --force-m --fi --us --sy --al --dry --quiet=1 --wait=x --nonsense --no --re --show- --first " +
            "--ignore-i"
        },
        { "modinfo",
            "-a -d -l -p -n -0 -m -F -F license -Fvermagic -k -ap -0a --author --description --license --parameters " +
            "--filename --null --modname --field alias --field=srcversion --set-version none --auth --nu --param " +
            "--de --f --fi --x -x --null=1" },
        { "depmod",
            "-a -e -n -v -w -P _ -P ab -E -u -q -r -A -an -wv --all --quick --symvers -F/dev/null " +
            "--filesyms=/dev/null --errsyms --unresolved-error --quiet --root --verbose --show --dry-run " +
            "--symbol-prefix --symbol-prefix=_ --warn --map --e --sh --show=1 -Z --nonsense --q --un" },
        { "insmod", "-p -q --fo --force-v --sy=1 --verb -x --nonsense" },
        { "rmmod", "-f -s -v --force --syslog --verbose --wait --fo --sy --ve=1 -a --nonsense" },
    };

    const string KmodWords = "list static-nodes -f -fhuman -ftmpfiles -f devname --format=human --format --format=x "
        + "--out -x help nonsense --nonsense lsmod";

    static IEnumerable<int> Seeds
    {
        get
        {
            var only = Environment.GetEnvironmentVariable("DROVER_FUZZ_SEED");
            var count = int.TryParse(Environment.GetEnvironmentVariable("DROVER_FUZZ"), out var asked) ? asked : Lines;
            return only is null ? Enumerable.Range(0, count)
                : [int.Parse(only, System.Globalization.CultureInfo.InvariantCulture)];
        }
    }

    /// <summary>Its words changed between 30 and 34.</summary>
    [Fact]
    public async Task Random_arguments_give_the_output_and_status_of_kmod_34()
    {
        foreach (var seed in Seeds)
        {
            var line = Line(new Random(seed), "kmod", KmodWords.Split(' '));
            var kmods = await KmodOracle.RunAsync("kmod", line);
            var ours = KmodOracle.Ours(new KmodProgram(), line);
            Assert.True(kmods == ours, $"kmod {string.Join(' ', line)}\n--- kmod: {kmods}\n--- drover: {ours}\n"
                + $"replay: DROVER_FUZZ_SEED={seed}, {nameof(Random_arguments_give_the_output_and_status_of_kmod_34)}");
        }
    }

    [Theory]
    [MemberData(nameof(Tools))]
    public void Random_arguments_give_the_output_and_status_of_kmod(string tool, string options)
    {
        var words = options.Split(' ');
        foreach (var seed in Seeds)
        {
            var line = Line(new Random(seed), tool, words);
            // the second -v logs the internals of libkmod
            if (line.Count(IsVerbose) > 1)
                continue;
            try
            {
                KmodBeside.SameAsKmod([tool, .. Begin(new Random(seed), tool), .. line], tool == "modprobe"
                    ? ["--first-softdep"] : []);
            }
            catch (Exception problem) when (!problem.GetType().Name.Contains("Skip", StringComparison.Ordinal))
            {
                Assert.Fail(
                    $"{problem.Message}\nreplay: DROVER_FUZZ_SEED={seed}, " +
                    $"{nameof(Random_arguments_give_the_output_and_status_of_kmod)}");
            }
        }
    }

    static bool IsVerbose(string word) => word.StartsWith("--v", StringComparison.Ordinal)
        || (word.StartsWith('-') && !word.StartsWith("--", StringComparison.Ordinal)
        && word.Contains('v', StringComparison.Ordinal));

    string[] Line(Random random, string tool, string[] options) =>
        [.. Enumerable.Range(0, random.Next(7))
        .Select(_ => random.Next(7) < 4 ? options[random.Next(options.Length)] : Operand(random, tool))];

    string Operand(Random random, string tool)
    {
        var directory = _corpus.Root.Directory;
        string[] files = [$"{directory}/kernel/lib/base.ko", $"{directory}/kernel/fs/packed.ko.xz",
            $"{directory}/kernel/fs/dash-name.ko.zst", $"{directory}/none.ko", directory, $"{directory}/modules.dep"];
        string[] odd = ["", "-", "--", "=", "a=1", "a=b c", "x='y z'", "--=", "---", "0x", "-1", "18446744073709551616",
            "1.0-test", "9.9"];
        var names = ModprobeCorpus.Names.Where(name => name.Length > 0 && IsFairTo(tool, name)).ToArray();
        return random.Next(4) switch
        {
            // only Drover's modprobe accepts a path as a name
            // and it rejects an invalid module before the call to this kernel, which loads none
            0 when tool != "modprobe" => files[random.Next(tool == "insmod" ? files.Length - 1 : files.Length)],
            // an empty name of rmmod is /sys/module itself
            0 or 1 => odd[random.Next(tool == "rmmod" ? 1 : 0, odd.Length)],
            _ => names[random.Next(names.Length)],
        };
    }

    /// <summary>modinfo orders the built-in modules of an alias differently from modprobe.</summary>
    static bool IsFairTo(string tool, string name) => tool != "modinfo" || name != "fs-built";

    /// <summary>No name is a module of this machine, and nothing is written.</summary>
    string[] Begin(Random random, string tool) => tool switch
    {
        // kmod retries a failed module at each mention: cycles are only printed
        "modprobe" => random.Next(4) switch
        {
            0 => [.. _corpus.Modprobe("plain")[1..]],
            1 => [.. _corpus.Modprobe("odd")[1..]],
            2 => [.. _corpus.Modprobe("empty")[1..]],
            _ => [.. _corpus.Modprobe("rounds")[1..], "-n"],
        },
        "modinfo" => ["-b", _corpus.Root.Path, "-k", ModuleRoot.Release],
        "depmod" => ["-n", "-C", $"{_corpus.Root.Path}/empty", "-b", _corpus.Root.Path, .. random.Next(4) == 0 ? []
            : new[] { ModuleRoot.Release }],
        _ => [],
    };
}
