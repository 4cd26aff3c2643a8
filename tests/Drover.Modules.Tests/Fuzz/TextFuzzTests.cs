using System.Text;

namespace Drover.Modules.Tests.Fuzz;

/// <summary>Damaged text: configuration never throws, a module directory's text files throw <see cref="ModuleDataException"/> alone.</summary>
public class TextFuzzTests
{
    private static readonly byte[] s_config = Encoding.UTF8.GetBytes("""
        # comment
        alias net-pf-[0-9]* ipv6
        blacklist pcspkr
        options snd_pcm x=1 y="a b"
        install foo* /sbin/modprobe --ignore-install foo $CMDLINE_OPTS
        remove foo echo \
          joined
        softdep a pre: b c post: d
        weakdep a b c
        """);

    private static readonly byte[] s_commandLine = Encoding.UTF8.GetBytes("BOOT_IMAGE=/vmlinuz root=/dev/sda quiet snd.x=1 \"parport.dyndbg=file a.c +p\" y.z=\"a b\" modprobe.blacklist=a,b-c w.v w.q.p=1\n");

    private static readonly byte[] s_dependencies = Encoding.UTF8.GetBytes("kernel/a.ko: kernel/b.ko kernel/c.ko.xz\nkernel/b.ko:\nkernel/c.ko.xz: /abs/d.ko\n");

    private static readonly byte[] s_aliases = Encoding.UTF8.GetBytes("# Aliases\nalias pci:v*d[0-9]sv* a\nalias fs-ext4 ext4\nalias symbol:x y\n");

    private static readonly byte[] s_modinfo = Encoding.UTF8.GetBytes("ext4.alias=fs-ext4\0ext4.license=GPL\0a.parm=x.y=z\0");

    [Fact]
    public void A_damaged_configuration_is_read_with_warnings() => FuzzCases.Run(nameof(A_damaged_configuration_is_read_with_warnings), seed =>
    {
        Mutator mutator = new(seed);
        ModprobeConfig config = ModprobeConfig.Parse(Encoding.Latin1.GetString(mutator.Mutate(s_config, s_commandLine)), commandLine: Encoding.Latin1.GetString(mutator.Mutate(s_commandLine, s_config)));
        Assert.All(config.Warnings, Assert.NotEmpty);
        ModuleCatalog catalog = new(ModuleTree.FromTables("/m", new IndexTrie(default, ""), new IndexTrie(default, "")), config);
        foreach (string name in new[] { "net-pf-10", "foo", "pci:v1d2", "[", "a\0" })
        {
            foreach (string module in catalog.Resolve(name).Modules) catalog.OptionsFor(module, name);
            catalog.SoftDependenciesOf(name);
            catalog.InstallCommandOf(name);
        }
    });

    [Fact]
    public void A_damaged_text_file_is_answered_or_refused()
    {
        using TemporaryRoot root = new();
        FuzzCases.Run(nameof(A_damaged_text_file_is_answered_or_refused), seed =>
        {
            Mutator mutator = new(seed);
            File.WriteAllBytes(root.Path + "/modules.dep", mutator.Mutate(s_dependencies, s_aliases));
            File.WriteAllBytes(root.Path + "/modules.alias", mutator.Mutate(s_aliases, s_dependencies));
            File.WriteAllBytes(root.Path + "/modules.builtin.modinfo", mutator.Mutate(s_modinfo, s_aliases));
            ModuleTree tree = ModuleTree.Open(root.Path);
            Allow(() => tree.Find("a"));
            Allow(() => tree.MatchAliases("pci:v1d2sv3"));
            Allow(() => tree.MatchBuiltInAliases("fs_ext4"));
        }, share: 20);
    }

    private static void Allow(Action look)
    {
        try
        {
            look();
        }
        catch (ModuleDataException bad)
        {
            Assert.StartsWith("/", bad.File, StringComparison.Ordinal);
        }
    }
}
