using System.Text;
using Drover.Modules.Config;
using Drover.Modules.Index;
using Drover.Modules.Tree;

namespace Drover.Modules.Tests.Config;

/// <summary>Damaged text: configuration never throws; text files of a module directory throw only
/// <see cref="ModuleDataException"/>.</summary>
public class TextFuzzTests
{
    static readonly byte[] s_config = Encoding.UTF8.GetBytes("""
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

    static readonly byte[] s_commandLine = Encoding.UTF8.GetBytes(
        "BOOT_IMAGE=/vmlinuz root=/dev/sda quiet snd.x=1 \"parport.dyndbg=file a.c +p\" y.z=\"a b\" "
        + "modprobe.blacklist=a,b-c w.v w.q.p=1\n");

    static readonly byte[] s_dependencies = Encoding.UTF8.GetBytes(
        "kernel/a.ko: kernel/b.ko kernel/c.ko.xz\nkernel/b.ko:\nkernel/c.ko.xz: /abs/d.ko\n");

    static readonly byte[] s_aliases = Encoding.UTF8.GetBytes(
        "# Aliases\nalias pci:v*d[0-9]sv* a\nalias fs-ext4 ext4\nalias symbol:x y\n");

    static readonly byte[] s_modinfo = Encoding.UTF8.GetBytes("ext4.alias=fs-ext4\0ext4.license=GPL\0a.parm=x.y=z\0");

    [Fact]
    public void Damaged_configuration_gives_warnings() =>
        FuzzCases.Run(nameof(Damaged_configuration_gives_warnings), seed =>
    {
        Mutator mutator = new(seed);
        var config = ModprobeConfig.Parse(
            Encoding.Latin1.GetString(mutator.Mutate(s_config, s_commandLine)),
            commandLine: Encoding.Latin1.GetString(mutator.Mutate(s_commandLine, s_config)));
        Assert.All(config.Warnings, Assert.NotEmpty);
        ModuleCatalog catalog = new(ModuleTree.FromTables("/m", new IndexTrie(default, ""), new IndexTrie(default, "")),
            config);
        foreach (var name in new[] { "net-pf-10", "foo", "pci:v1d2", "[", "a\0" })
        {
            foreach (var module in catalog.Resolve(name).Modules) catalog.OptionsOf(module, name);
            catalog.SoftDependenciesOf(name);
            catalog.InstallCommandOf(name);
        }
    });

    [Fact]
    public void Damaged_text_file_gives_results_or_ModuleDataException()
    {
        using TemporaryRoot root = new();
        FuzzCases.Run(nameof(Damaged_text_file_gives_results_or_ModuleDataException), seed =>
        {
            Mutator mutator = new(seed);
            File.WriteAllBytes(root.Path + "/modules.dep", mutator.Mutate(s_dependencies, s_aliases));
            File.WriteAllBytes(root.Path + "/modules.alias", mutator.Mutate(s_aliases, s_dependencies));
            File.WriteAllBytes(root.Path + "/modules.builtin.modinfo", mutator.Mutate(s_modinfo, s_aliases));
            var tree = ModuleTree.Open(root.Path);
            Allow(() => tree.Find("a"));
            Allow(() => tree.MatchAliases("pci:v1d2sv3"));
            Allow(() => tree.MatchBuiltInAliases("fs_ext4"));
        }, share: 20);
    }

    static void Allow(Action look)
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
