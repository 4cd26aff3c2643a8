namespace Drover.Tests.Kmod;

/// <summary>Every option of modprobe on the odd machine, beside kmod's: output, errors and exit status.</summary>
public sealed class ModprobeCorpusTests : IClassFixture<ModprobeCorpusTests.Machine>
{
    readonly ModprobeCorpus _corpus;

    public ModprobeCorpusTests(Machine machine) => _corpus = machine.Corpus;

    public static TheoryData<string, string> Queries => new(
        from configuration in new[] { "plain", "rounds", "odd", "odd+plain", "plain+rounds+nowhere" }
        from options in configuration is "plain" or "rounds" ? new[] { "-D", "-bD", "-iD", "-R", "-nv", "-inv", "-rnv", "-rinv", "-qD", "--first-time -n", "--remove-holders -rnv" } : ["-D", "-R"]
        select (configuration, options));

    [Theory]
    [MemberData(nameof(Queries))]
    public void Every_name(string configuration, string options)
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
    public void All_names_at_once(string options)
    {
        foreach (var configuration in new[] { "plain", "rounds", "odd", "empty", "odd+plain", "nowhere", "plain+rounds+plain", "plain/a.conf", "odd/c.txt" })
            Same(configuration, [options, .. ModprobeCorpus.Names]);
    }

    // the kernel of the tests takes no module: all that comes before its refusal is alike
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
    public void What_is_done(string line) => Same("plain", line.Split(' '));

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
    public void Symbols_of_a_file(string option, string file) => KmodBeside.SameAsKmod(["modprobe", option, $"{_corpus.Root.Directory}/{file}"]);

    [Theory]
    [InlineData("a=b c")]
    [InlineData("a='b c'")]
    [InlineData("a=\"b c\"")]
    [InlineData("=x y")]
    [InlineData("a= b")]
    [InlineData("a b=c d=e f")]
    [InlineData("")]
    [InlineData("-")]
    public void A_parameter(string word)
    {
        Same("plain", ["-D", "mid", word]);
        Same("plain", ["-D", "mid", word, "--", word, "-v"]);
    }

    void Same(string configuration, params string[] words) => KmodBeside.SameAsKmod(_corpus.Modprobe(configuration, words), "--first-softdep");

    /// <summary>Made once for all tests here, by the first of them: a constructor of a fixture cannot skip.</summary>
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
