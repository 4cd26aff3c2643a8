namespace Drover.Tests.Kmod;

/// <summary>Every option of modprobe on a machine of edge cases, compared with kmod.</summary>
public sealed class ModprobeCorpusTests : IClassFixture<ModprobeCorpusTests.Machine>
{
    readonly ModprobeCorpus _corpus;

    public ModprobeCorpusTests(Machine machine) => _corpus = machine.Corpus;

    public static TheoryData<string, string> Queries => new(
        from configuration in new[] { "plain", "rounds", "odd", "odd+plain", "plain+rounds+nowhere" }
        from options in configuration is "plain" or "rounds"
            ? new[] { "-D", "-bD", "-iD", "-R", "-nv", "-inv", "-rnv", "-rinv", "-qD", "--first-time -n",
            "--remove-holders -rnv" } : ["-D", "-R"]
        select (configuration, options));

    [Theory]
    [MemberData(nameof(Queries))]
    public void Every_name_gives_the_output_of_kmod(string configuration, string options)
    {
        foreach (var name in ModprobeCorpus.Names)
            Same(configuration, [.. options.Split(' '), name]);
    }

    [Theory]
    [InlineData("-aR")]
    [InlineData("-aD")]
    [InlineData("-abD")]
    [InlineData("-aqD")]
    [InlineData("-anv")]
    [InlineData("-arnv")]
    [InlineData("-c")]
    [InlineData("-cq")]
    [InlineData("-cR")]
    [InlineData("-D")]
    [InlineData("-an")]
    public void All_names_at_once_give_the_output_of_kmod(string options)
    {
        foreach (var configuration in new[] { "plain", "rounds", "odd", "empty", "odd+plain", "nowhere",
            "plain+rounds+plain", "plain/a.conf", "odd/c.txt" })
        {
            Same(configuration, [options, .. ModprobeCorpus.Names]);
        }
    }

    // the kernel of the tests loads no module: the output up to its refusal is equal
    [Theory]
    [InlineData("-v base x=1")]
    [InlineData("-v top")]
    [InlineData("top")]
    [InlineData("-f mid")]
    [InlineData("--force-vermagic mid")]
    [InlineData("--force-modversion mid")]
    [InlineData("-v packed")]
    [InlineData("-v dup")]
    [InlineData("-vb cfg-black")]
    [InlineData("-v cfg-black")]
    [InlineData("-v cmd-only")]
    [InlineData("-v loud y=2")]
    [InlineData("-q nothing")]
    [InlineData("-a nothing base ghost")]
    [InlineData("-a cmd-only loud")]
    [InlineData("built")]
    [InlineData("--first-time built")]
    [InlineData("-r built")]
    [InlineData("-r base")]
    [InlineData("-rv base")]
    [InlineData("-ri base")]
    [InlineData("-r --first-time mid")]
    [InlineData("-ra nothing built base")]
    [InlineData("-rq nothing")]
    [InlineData("-r -w 1 top")]
    public void Actions_give_the_output_of_kmod(string line) => Same("plain", line.Split(' '));

    [Theory]
    [InlineData("--show-modversions", "kernel/lib/mid.ko")]
    [InlineData("--dump-modversions", "kernel/net/top.ko")]
    [InlineData("--show-modversions", "kernel/fs/packed.ko.xz")]
    [InlineData("--show-modversions", "kernel/fs/dup.ko")]
    [InlineData("--show-exports", "kernel/lib/base.ko")]
    [InlineData("--show-exports", "kernel/lib/mid.ko")]
    [InlineData("--show-exports", "kernel/fs/packed.ko.xz")]
    [InlineData("--show-exports", "modules.dep")]
    [InlineData("--show-exports", "kernel")]
    public void Symbols_of_a_file_equal_those_of_kmod(string option, string file) =>
        KmodBeside.SameAsKmod(["modprobe", option, $"{_corpus.Root.Directory}/{file}"]);

    [Theory]
    [InlineData("a=b c")]
    [InlineData("a='b c'")]
    [InlineData("a=\"b c\"")]
    [InlineData("=x y")]
    [InlineData("a= b")]
    [InlineData("a b=c d=e f")]
    [InlineData("")]
    [InlineData("-")]
    public void Parameter_gives_the_output_of_kmod(string word)
    {
        Same("plain", ["-D", "mid", word]);
        Same("plain", ["-D", "mid", word, "--", word, "-v"]);
    }

    void Same(string configuration, params string[] words) =>
        KmodBeside.SameAsKmod(_corpus.Modprobe(configuration, words), "--first-softdep");

    /// <summary>Created by the first test of the class: the constructor of a fixture cannot skip.</summary>
    public sealed class Machine : IDisposable
    {
        readonly Lazy<ModprobeCorpus> _corpus = new(() => new ModprobeCorpus());

        internal ModprobeCorpus Corpus => _corpus.Value;

        public void Dispose()
        {
            if (_corpus.IsValueCreated)
                _corpus.Value.Dispose();
        }
    }
}
