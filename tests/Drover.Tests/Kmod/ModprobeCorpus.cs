namespace Drover.Tests.Kmod;

/// <summary>A small machine of edge cases: dependent modules, aliases with brackets, compressed and duplicate modules,
/// built-in ones, and configurations.</summary>
sealed class ModprobeCorpus : IDisposable
{
    /// <summary>Arguments of a command line, valid or not.</summary>
    public static readonly string[] Names =
    [
        "base", "mid", "top", "tail", "packed", "dup", "dash-name", "dash_name", "two.dots", "two", "soft", "loner",
            "built", "built-too", "ghost", "nothing", "",
        "fs-foo", "fs_foo", "fs-built", "net-pf-10", "pci:v00008086d00001004sv1sd2bc3sc4i5",
            "pci:v00008086d0000100Asv1sd2bc3sc4i5", "a-b[c-d]e-f", "a_b-e_f", "a-bce-f", "x[", "x]", "[x]",
        "star-anything", "question-x", "question-xy", "range-b", "range-z", "symbol:base_sym", "symbol:mid-sym",
            "symbol:no_sym", "base.ko", "kernel/lib/base.ko", "cfg-alias", "cfg-two", "cfg-ghost",
        "cfg-chain", "cfg-built", "cfg-black", "round1", "round2", "cmd-only", "loud", "gone-soft", "MID", "mid ",
            "m?d",
    ];

    /// <summary>Configurations by name, each with one or more files.</summary>
    static readonly (string Path, string Text)[] s_configurations =
    [
        ("/plain/a.conf", """
            # a comment
            alias cfg-alias mid
            alias cfg-two base
            alias cfg-two top
            alias cfg-ghost ghost
            alias cfg-chain cfg-alias
            alias cfg-built built
            alias cfg-black soft
            alias star-* loner
            alias question-? loner
            alias range-[a-c] loner
            blacklist soft
            blacklist fs-foo
            options mid a=1 b="two words"
            options cfg-alias c=3
            options cfg_alias d=4
            options fs-foo e=5
            options top f=6
            install cmd-only true $CMDLINE_OPTS
            install loud true one; true $CMDLINE_OPTS $CMDLINE_OPTS
            remove base true $CMDLINE_OPTS
            """),
        ("/rounds/a.conf", """
            alias round1 round2
            alias round2 round1
            alias mid base
            install mid true
            install t* exit 3
            install dash_name exit 4
            remove t* exit 5
            softdep top pre: mid tail post: base
            softdep tail pre: top post: packed
            softdep top post: loner
            softdep ghost pre: base
            softdep gone-soft pre: nothing
            install gone-soft exit 1
            softdep b* pre: fs-foo post: net-pf-10 cfg-alias
            alias cfg-alias loner
            options cfg-alias z=26
            options fs_foo y=25
            options loner x=24
            """),
        ("/odd/b.conf",
            "options  mid\ta=1 \\\n b=2\\\n\\\nc=3\noptions top d='e f' \\\\\n # not a comment\n#comment \\\n" +
            "options base commented=out\n\n\\\n\nfrobnicate x\ninclude /etc/x\nconfig binary_indexes yes\n" +
            "alias\nalias one\nalias one two three\nalias bad[ base\nalias a-b[c-d]e-f base\nalias x] top\noptions\n" +
            "options mid\noptions mid \nblacklist\nblacklist two three\ninstall\ninstall loner\n" +
            "remove loner\nsoftdep\nsoftdep loner\nsoftdep loner pre:\nsoftdep loner base pre: mid\nsoftdep dup " +
            "pre: mid post: base tail\nsoftdep dup pre:mid\n   alias indented base\n\talias tabbed top\n" +
            "alias crlf base\r\noptions tail a=\"unclosed\noptions tail b=\u00e9\nALIAS upper base\ninstall built " +
            "exit 2\nalias last top"),
        ("/odd/a.conf", "options mid first=1\nalias one loner\n"),
        ("/odd/c.txt", "options mid never=1\n"),
        ("/odd/d.conf/e.conf", "options mid never=2\n"),
        ("/empty/keep", ""),
    ];

    public ModprobeCorpus()
    {
        Root.Write("kernel/lib/base.ko", new TestModule { Exports = ["base_sym"], Info = ["license=GPL"] })
            .Write("kernel/lib/mid.ko", new TestModule { CrcExports = ["mid_sym 1234abcd"], Needs = ["base_sym 1"] })
            .Write("kernel/net/top.ko", new TestModule
            {
                Needs = ["mid_sym 1234abcd", "base_sym", "?nobody"],
                Info = ["alias=pci:v00008086d0000100[0-9]sv*sd*bc*sc*i*", "alias=net-pf-10"]
            })
            .Write("kernel/net/tail.ko", new TestModule
            {
                Needs = ["mid_sym"],
                Info = ["alias=net-pf-10", "alias=a-b[c-d]e-f", "alias=a_b-e-f"]
            })
            .Write("kernel/fs/packed.ko", new TestModule
            {
                Needs = ["base_sym 7"],
                CrcExports = ["packed_sym 99"],
                Info = ["alias=fs-foo"]
            }).Pack("kernel/fs/packed.ko", "xz")
            .Write("kernel/fs/dup.ko", new TestModule { Info = ["alias=fs-old"] })
            .Write("updates/dup.ko", new TestModule { Info = ["alias=fs-new"] })
            .Write("kernel/fs/dash-name.ko", new TestModule { Info = ["alias=fs-foo", "alias=fs-dash"] })
                .Pack("kernel/fs/dash-name.ko", "zstd")
            .Write("kernel/fs/two.dots.ko", new TestModule())
            .Write("kernel/fs/soft.ko", new TestModule
            {
                Info = ["softdep=pre: base post: tail", "softdep=pre: dup",
                "alias=fs-soft"]
            })
            .Write("kernel/fs/loner.ko", new TestModule { Info = ["alias=star-built", "alias=question-[x"] })
            .Write("modules.order", "kernel/net/tail.ko\nkernel/net/top.ko\n")
            .Write("modules.builtin", "kernel/fs/built.ko\nkernel/fs/built-too.ko\n")
            .Write("modules.builtin.modinfo", "built.alias=fs-built\0built.license=GPL\0built_too.alias=fs-built\0");
        foreach (var (path, text) in s_configurations)
            Root.Write(path, text);
        Root.Index();
    }

    public ModuleRoot Root { get; } = new();

    /// <summary>A command line of modprobe for this machine.</summary>
    /// <param name="configuration">Names of configurations in reading order, separated by a plus.</param>
    /// <param name="more">Options and operands.</param>
    public string[] Modprobe(string configuration, params IEnumerable<string> more) =>
        ["modprobe", "-d", Root.Path, "-S", ModuleRoot.Release, .. configuration.Split('+')
            .SelectMany(name => new[] { "-C", $"{Root.Path}/{name}" }), .. more];

    public void Dispose() => Root.Dispose();
}
