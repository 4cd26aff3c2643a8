namespace Drover.Tests.Kmod;

/// <summary>depmod compared with that of kmod on the same tree: output, errors, exit status and files.</summary>
public class DepmodGoldenTests
{
    public static TheoryData<string> Lines =>
    [
        "", "-a", "-v", "-n", "-n -v", "-w", "-e", "-e -F ROOT/System.map", "-E ROOT/Module.symvers",
            "-e -E ROOT/Module.symvers", "-P _ -e -F ROOT/System.map", "-P ab", "-P _", "-u -q -r --map --root --quiet",
        "-A", "-A -n", "--quick", "-E ROOT/nowhere", "-F ROOT/nowhere", "-C ROOT/nowhere", "-C ROOT/elsewhere",
            "-C ROOT/depmod.d/a.conf", "-Z", "--nonsense", "--s", "--config",
        "abc", "/foo", "9.9", "1.", "-b ROOT 9.9.9", "-b ROOT/ 1.0-test",
        "-b ROOT 1.0-test relative.ko", "-b ROOT 1.0-test /nowhere.ko",
            "-b ROOT 1.0-test ROOT/lib/modules/1.0-test/kernel/a.ko", "-b ROOT 1.0-test ROOT/",
            "-b ROOT 1.0-test ROOT/else/where-it-is.ko",
        "-b ROOT 1.0-test ROOT/lib/modules/1.0-test/kernel/a.ko ROOT/lib/modules/1.0-test/kernel/b.ko",
            "-b ROOT -a 1.0-test /nowhere.ko",
        "-b ROOT 1.0-test ROOT/lib/modules/1.0-test/kernel/a.ko ROOT/lib/modules/1.0-test/kernel/a.ko",
    ];

    [Theory]
    [MemberData(nameof(Lines))]
    public void Depmod_equals_kmod(string line)
    {
        using var tree = Sample();
        tree.ShouldBeAlike(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData("")]
    [InlineData("search updates extra kernel")]
    [InlineData("search kernel extra updates")]
    [InlineData("search built-in updates")]
    [InlineData("search\nsearch built-in\nsearch extra")]
    [InlineData("external * ROOT/one\nexternal * ROOT/two\nsearch external updates")]
    [InlineData("external * ROOT/one ROOT/two\nexternal 9 ROOT/three\nsearch updates built-in external")]
    [InlineData("external 1.[0-9]-(test|none) ROOT/two/\nexternal * ROOT/missing")]
    [InlineData("override dup * extra/deep")]
    [InlineData("override dup 1.* kernel\noverride dup * extra/deep")]
    [InlineData("override dup ^1$ kernel\noverride a-b * extra/deep")]
    [InlineData("exclude updates\nexclude extra deep")]
    [InlineData(
        "bad line\noverride x\n  # no comment\n# comment\n\nexternal\nexclude\nsearch \\\n  extra built-in\nnonsense")]
    public void Configuration_has_the_same_effect_as_in_kmod(string config)
    {
        using var tree = new DepmodTree();
        foreach (var place in new[] { "updates", "extra/deep" })
            tree.Write($"{place}/dup.ko", new TestModule { Info = [$"alias=from-{place}"] });
        foreach (var place in new[] { "updates", "kernel" })
            tree.Write($"{place}/a-b.ko", new TestModule());
        // of two modules that no search line names, kmod takes the one that readdir(3) has first
        if (config.Contains("search", StringComparison.Ordinal) && config.Contains("extra", StringComparison.Ordinal))
        {
            foreach (var place in new[] { "extra", "kernel" })
                tree.Write($"{place}/c.ko", new TestModule());
        }
        foreach (var place in new[] { "one", "two" })
            tree.Write($"{tree.Root}/{place}/sub/dup.ko", new TestModule());
        tree.Write($"{tree.Root}/depmod.d/a.conf", config.Replace("ROOT", tree.Root, StringComparison.Ordinal) + "\n");
        tree.Write($"{tree.Root}/depmod.d/ignored", "nonsense\n");
        tree.Write($"{tree.Root}/depmod.d/directory.conf/x", "");
        tree.ShouldBeAlike();
    }

    [Theory]
    [InlineData("a>b b>a")]
    [InlineData("a>a")]
    [InlineData("a>b b>c c>a d>a")]
    [InlineData("a>b b>a c>d d>c e>f")]
    [InlineData("a>b b>a a>x x>y b>y z>a")]
    public void Cycles_are_reported_as_by_kmod(string arrows)
    {
        using var tree = Tangle(arrows);
        tree.Write("modules.dep", "as it was\n");
        tree.ShouldBeAlike();
    }

    [Theory]
    [InlineData("a>b a>c b>d c>d d>a")]
    [InlineData("a>b b>a a>c c>d d>c")]
    public void Cycles_that_kmod_reports_endlessly_are_reported_once(string arrows)
    {
        using var tree = Tangle(arrows);
        var (exit, _, error) = tree.Run();
        Assert.Equal(1, exit);
        Assert.EndsWith(" modules in dependency cycles!\n", error, StringComparison.Ordinal);
        Assert.InRange(error.Split('\n').Length, 3, 10);
    }

    /// <summary>Modules; the one before each arrow needs the one after it.</summary>
    static DepmodTree Tangle(string arrows)
    {
        var tree = new DepmodTree();
        var pairs = arrows.Split(' ').Select(arrow => arrow.Split('>')).ToList();
        foreach (var name in pairs.SelectMany(pair => pair).Distinct())
        {
            tree.Write($"kernel/{name}.ko", new TestModule
            {
                Exports = [$"sym_{name}"],
                Needs = [.. pairs.Where(pair => pair[0] == name).Select(pair => $"sym_{pair[1]}")]
            });
        }

        return tree;
    }

    [Fact]
    public void Bad_files_are_reported_and_the_others_indexed()
    {
        using var tree = Sample();
        var good = new TestModule { Exports = ["x"], Needs = ["y"] }.ToBytes();
        tree.Write("kernel/bad/empty.ko", []);
        tree.Write("kernel/bad/tiny.ko", good[..12]);
        tree.Write("kernel/bad/short.ko", good[..200]);
        tree.Write("kernel/bad/cut.ko", good[..^8]);
        tree.Write("kernel/bad/text.ko", "this is no module at all");
        tree.Write("kernel/bad/packed.ko.xz", [0xfd, .. "7zXZ\0 and then nothing of the kind"u8]);
        var stripped = good.ToArray();
        stripped[4] = 9;
        tree.Write("kernel/bad/class.ko", stripped);
        File.CreateSymbolicLink($"{tree.Directory}/kernel/bad/dangling.ko", "nowhere");
        File.CreateSymbolicLink($"{tree.Directory}/kernel/bad/linked.ko", "../a.ko");
        tree.ShouldBeAlike();
        tree.ShouldBeAlike("-n");
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void Modules_of_other_architectures_are_indexed(bool is64, bool bigEndian)
    {
        using var tree = new DepmodTree();
        tree.Write("kernel/a.ko", new TestModule
        {
            Exports = ["a1"],
            Needs = ["b1 7", "?weak", "kernel_own 12"],
            Info = ["alias=x"]
        }.ToBytes(is64, bigEndian));
        tree.Write("kernel/b.ko", new TestModule { CrcExports = ["b1 7"] }.ToBytes(is64, bigEndian));
        tree.Write($"{tree.Root}/Module.symvers", "0x00000013\tkernel_own\tvmlinux\tEXPORT_SYMBOL\n");
        tree.ShouldBeAlike("-e", "-E", "ROOT/Module.symvers");
    }

    [Theory]
    [InlineData("xz", "--check=crc32")]
    [InlineData("zstd", "-q")]
    public void Compressed_modules_are_indexed(string packer, string option)
    {
        using var tree = Sample();
        foreach (var name in new[] { "a", "b" })
        {
            var packed = DepmodTree.Shell(
                "/usr/bin/env", "sh", "-c",
                $"command -v {packer} >/dev/null || exit 3; {packer} {option} {tree.Directory}/kernel/{name}.ko && " +
                $"rm -f {tree.Directory}/kernel/{name}.ko");
            Assert.SkipWhen(packed.Exit == 3, $"{packer} is not installed");
            Assert.Equal(0, packed.Exit);
        }
        tree.ShouldBeAlike();
    }

    [Fact]
    public void Modprobe_of_kmod_reads_the_indexes()
    {
        using var tree = Sample();
        tree.RunKmod("--version");
        tree.Run();
        Assert.Equal((0, "a\n", ""), DepmodTree.Shell("/usr/sbin/modprobe", "-d", tree.Root, "-S", ModuleRoot.Release,
            "-R", "pci:v00001234d5"));
        Assert.Equal((0, $"insmod {tree.Directory}/kernel/deep/er/c-d.ko \ninsmod {tree.Directory}/kernel/b.ko \n", ""),
            DepmodTree.Shell("/usr/sbin/modprobe", "-d", tree.Root, "-S", ModuleRoot.Release, "-D", "b"));
        Assert.Equal((0, "b\n", ""), DepmodTree.Shell("/usr/sbin/modprobe", "-d", tree.Root, "-S", ModuleRoot.Release,
            "-R", "symbol:b_one"));
        Assert.Equal((0, "builtin ext9\n", ""), DepmodTree.Shell("/usr/sbin/modprobe", "-d", tree.Root, "-S",
            ModuleRoot.Release, "-D", "ext9"));
    }

    /// <summary>Modules with all data that depmod reads.</summary>
    internal static DepmodTree Sample()
    {
        var tree = new DepmodTree();
        tree.Write("kernel/a.ko", new TestModule
        {
            Needs = ["b_one 5", "b_two", "unknown", "?perhaps", "__fentry__", ".dotted", "_prefixed"],
            Info = ["alias=pci:v00001234d*", "alias=a-b-[a-z-]-c", "alias=bad[bracket", "alias=bad]too", "alias=twice",
                "alias=twice", "alias=twi-ce", "alias", "softdep=pre: b post: d-e", "license=GPL"],
        });
        tree.Write("kernel/b.ko", new TestModule
        {
            Exports = ["b_one", "b_two", "", "NAMESPACE", "dotted"],
            Needs = ["crc_sym 99"],
            Info = ["alias=twice", "name=b"]
        });
        tree.Write("kernel/deep/er/c-d.ko", new TestModule
        {
            CrcExports = ["crc_sym 42", "prefixed 17"],
            Info = ["alias=devname:net/tun", "alias=char-major-10-200"]
        });
        tree.Write("kernel/deep/lonely.ko", new TestModule { Info = ["alias=devname:nothing"] });
        tree.Write("kernel/deep/blk.ko", new TestModule
        {
            Info = ["alias=block-major-7-*", "alias=block-major-7-3",
            "alias=devname:loop", "alias=char-major-1-1"]
        });
        tree.Write("updates/b2.ko", new TestModule { Exports = ["b_two"] });
        tree.Write("build/not-looked-at.ko", new TestModule());
        tree.Write("kernel/readme.txt", "no module");
        tree.Write($"{tree.Root}/else/where-it-is.ko", new TestModule { Exports = ["elsewhere"] });
        tree.Write("modules.order", "kernel/deep/er/c-d.ko\nkernel/nobody.ko\nkernel/b.ko\nkernel/a.ko\n");
        tree.Write("modules.builtin", "kernel/fs/ext9.ko\nkernel/drivers/8250-x.ko\nkernel/nodot\n9bad\n\n");
        tree.Write(
            "modules.builtin.modinfo",
            "ext9.alias=fs-ext9\0ext9.license=GPL\0nokey\0ext9.alias=a]b\08250-x.alias=acpi*:PNP-1:*\0x.\0" +
            "y.alias=lost\0z.alias=kept\0");
        tree.Write(
            $"{tree.Root}/System.map",
            "c0 R __ksymtab_unknown\nc1 T other\nbroken\nc2 r ___ksymtab_b_none\nc3 r __ksymtab__prefixed\n");
        tree.Write(
            $"{tree.Root}/Module.symvers",
            "0x5\tunknown\tvmlinux\tEXPORT_SYMBOL\n0x13\t__fentry__\tvmlinux\n\n0x7 b_one drivers/b EXPORT_SYMBOL\n" +
            "0x12345678\t_prefixed\tvmlinux\tEXPORT_SYMBOL_GPL\n");
        tree.Write($"{tree.Root}/elsewhere/x.conf", "search extra\n");
        tree.Write($"{tree.Root}/depmod.d/a.conf", "search updates built-in\n");
        return tree;
    }
}
