using Drover.Modules.Index;

namespace Drover.Modules.Tests.Index;

/// <summary>Damaged indexes give results or <see cref="ModuleDataException"/>, in bounded time.</summary>
public class IndexFuzzTests
{
    const string File = "damaged.bin";

    static readonly string[] s_keys =
    [
        "pci:v00008086d00001234sv*sd*bc*sc*i*", "pci:v00008086d*sv*sd*bc03sc00i*", "pci:v*d*sv*sd*bc0Csc03i30*",
        "usb:v05ACp[0-9]*d01[0-4]*dc*dsc*dp*ic*isc*ip*in*",
        "usb:v*p*d*dc*dsc*dp*ic08isc06ip50in*", "of:N*T*Cfoo,bar", "of:N*T*Cfoo,barC*", "of:N*T*Cfoo,baz",
        "cpu:type:x86,ven0000fam0006mod00CF:feature:*", "cpu:type:x86,ven*fam*mod*:feature:*0099*",
        "acpi*:PNP0C0A:*", "platform:foo", "fs_ext4", "symbol:a_b", "symbol:a_c", "hid:b0003g*v0000046Dp0000C52B",
        "input:b*v*p*e*_e0,*1,*k*110,*r*a*m*l*s*f*w*", "a?c", "[[:alpha:]]x", "\\*", "a\\?b*\\*",
    ];

    static readonly string[] s_texts =
    [
        "pci:v00008086d00001234sv00001028sd00000123bc03sc00i00", "usb:v05ACp0250d0133dc00dsc00dp00ic08isc06ip50in00",
        "of:NdeviceTnodeCfoo,barCfoo,baz", "acpi:PNP0C0A:",
        "cpu:type:x86,ven0000fam0006mod00CF:feature:,0000,0001,0099,00E0", "fs_ext4", "symbol:a_b", "a*c", "ax", "",
        "input:b0003v046Dp_e0,1,2,k110,111,ram4lsfw",
    ];

    static readonly byte[] s_index = Build(s_keys, 0);
    static readonly byte[] s_other = Build(s_texts, 100);

    [Fact]
    public void Damaged_index_gives_results_or_ModuleDataException() =>
        FuzzCases.Run(nameof(Damaged_index_gives_results_or_ModuleDataException), seed =>
            Ask(damaged => new IndexTrie(damaged, File), new Mutator(seed).Mutate(s_index, s_other)));

    [Theory]
    [InlineData("modules.builtin.alias.bin", 20)]
    [InlineData("modules.builtin.bin", 20)]
    [InlineData("modules.alias.bin", 1)]
    [InlineData("modules.dep.bin", 1)]
    public void Damaged_Debian_index_gives_results_or_ModuleDataException(string name, int share)
    {
        var tree = KernelTrees.Indexed();
        var index = System.IO.File.ReadAllBytes($"{tree.Directory}/{name}");
        using TemporaryRoot root = new();
        var file = $"{root.Path}/{File}";
        FuzzCases.Run(nameof(Damaged_Debian_index_gives_results_or_ModuleDataException), seed => Ask(damaged =>
        {
            // a large file is read in blocks
            System.IO.File.WriteAllBytes(file, damaged);
            return IndexTrie.Load(file);
        }, new Mutator(seed).Mutate(index, s_other)), share);
    }

    static void Ask(Func<byte[], IndexTrie> open, byte[] damaged)
    {
        IndexTrie? trie = null;
        Allow(() => trie = open(damaged));
        if (trie is null) return;
        foreach (var text in s_texts)
        {
            Allow(() => trie.Match(text));
            Allow(() => trie.Find(text));
        }
        Allow(() => Assert.All(trie.Entries(), e => Assert.NotNull(e.Value)));
    }

    static void Allow(Action look)
    {
        try
        {
            look();
        }
        catch (ModuleDataException bad)
        {
            Assert.EndsWith(File, bad.File, StringComparison.Ordinal);
            Assert.True(bad.Offset >= 0);
        }
    }

    static byte[] Build(string[] keys, uint priority)
    {
        IndexBuilder builder = new();
        foreach (var key in keys)
        {
            builder.Add(key, "some_module", priority++);
            builder.Add(key, "another", priority);
        }
        return builder.ToBytes();
    }
}
