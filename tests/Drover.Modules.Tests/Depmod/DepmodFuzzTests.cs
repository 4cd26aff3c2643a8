using Drover.Modules.Depmod;
using Drover.Modules.Tests.Image;

namespace Drover.Modules.Tests.Depmod;

/// <summary>depmod continues with any damaged input.</summary>
public class DepmodFuzzTests
{
    [Fact]
    public void Damaged_module_gives_facts_or_errno()
    {
        using var root = new TemporaryRoot();
        var path = $"{root.Path}/damaged.ko";
        var symbols = new byte[24 * 4];
        symbols[24] = symbols[48] = symbols[72] = 1;
        var good = new ElfWriter(is64: true, bigEndian: false)
            .AddInfo("alias=a*", "softdep=pre: b")
            .Add("__ksymtab_strings", 0, "one\0two\0"u8.ToArray())
            .Add("__versions", 0, new byte[128])
            .Add(".symtab", 0, symbols)
            .Add(".strtab", 0, "\0__crc_one\0need\0"u8.ToArray())
            .ToBytes();
        using var reader = new FactsReader();
        FuzzCases.Run(nameof(Damaged_module_gives_facts_or_errno), seed =>
        {
            File.WriteAllBytes(path, new Mutator(seed).Mutate(good));
            var facts = reader.Read(path);
            var strings = 0;
            foreach (var _ in facts.Exports)
                strings++;
            foreach (var _ in facts.Aliases)
                strings++;
            Assert.Equal(facts.ExportCount + facts.AliasCount, strings);
            Assert.All(facts.Needs, need => Assert.InRange(need, 0, reader.Needs.Count - 1));
        });
    }

    [Fact]
    public void Damaged_configuration_is_loaded()
    {
        using var root = new TemporaryRoot();
        var good = """
            search updates built-in external
            override mod * kernel/sub
            # comment
            external 1.* /somewhere
            exclude dir dir2 \
              dir3
            include x

            """u8.ToArray();
        FuzzCases.Run(nameof(Damaged_configuration_is_loaded), seed =>
        {
            File.WriteAllBytes($"{root.Path}/a.conf", new Mutator(seed).Mutate(good));
            var config = DepmodConfig.Load([$"{root.Path}/a.conf"], "1.0", new NoMachine(), new Silence());
            Assert.NotEmpty(config.Searches);
        });
    }

    [Fact]
    public void Damaged_built_in_lists_are_indexed()
    {
        var good = "ext9.alias=fs-ext9\0ext9.license=GPL\0nokey\0a.alias=b[c\0"u8.ToArray();
        FuzzCases.Run(nameof(Damaged_built_in_lists_are_indexed), seed =>
        {
            var damaged = new Mutator(seed).Mutate(good);
            Assert.NotEmpty(BuiltInIndexes.Aliases(damaged, (_, _) => { }));
            Assert.NotEmpty(BuiltInIndexes.Modules(damaged, (_, _) => { }));
        });
    }

    [Fact]
    public void Walk_without_end_is_given_up()
    {
        var report = new Silence();
        var options = new DepmodOptions { Release = "1.0", Directory = "/m", OutputDirectory = "/m" };
        Assert.False(DepmodRun.Write(options, new NoMachine(endless: true), report));
        Assert.Equal("could not search modules: Argument list too long", report.Last);
    }

    sealed class NoMachine(bool endless = false) : IDepmodMachine
    {
        public long NowNs => 0;

        public FileIdentity? Identify(string path, out int errno)
        {
            errno = 2;
            return null;
        }

        public DirectoryListing List(string directory, string? root = null) => endless
            ? new([.. Enumerable.Range(0, directory.Length < 40 ? 100 : 0).Select(Below)],
                new((ulong)directory.Length, 1, 0, 0, 0))
            : new([], default, Errno: 2);

        static DirectoryEntry Below(int number) => new($"d{number}", FileKind.Directory, 0, default, 0);

        public bool Matches(string expression, string text) => text.Contains(expression, StringComparison.Ordinal);
    }

    sealed class Silence : IDepmodReport
    {
        public bool IsVerbose => false;

        public string Last { get; private set; } = "";

        public void Log(DepmodSeverity severity, string message) => Last = message;

        public void Show(string line)
        {
        }
    }
}
