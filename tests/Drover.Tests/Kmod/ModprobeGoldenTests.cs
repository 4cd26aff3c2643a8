using Drover.Kmod;
using Drover.Modules.Tests;

namespace Drover.Tests.Kmod;

/// <summary>modprobe, insmod and rmmod compared with kmod, without loads: on Debian's 6.1 tree, with a
/// generated configuration.</summary>
public sealed class ModprobeGoldenTests : IDisposable
{
    const string Configuration =
        """
        nonsense here
        alias foo[ bar
        alias myfoo nosuchmod
        alias mynet e1000e
        alias two nosuchmod
        alias two dummy
        alias mixed nosuchmod
        alias mixed iosf_mbi
        options e1000e a=1 "b=2 3"
        options mynet b=2
        install ext4 /bin/echo hi $CMDLINE_OPTS; exit 3
        install dummy exit 3
        install nosuch2 true $CMDLINE_OPTS
        remove ext4 true
        remove fuse exit 4
        softdep btrfs pre: ext4 mynet post: loop
        softdep btrfs pre: dummy
        blacklist e1000e
        include /foo
        softdep loop pre:
        options
        """;

    readonly string _config = Directory.CreateTempSubdirectory("drover-").FullName;

    public ModprobeGoldenTests() => File.WriteAllText(Path.Combine(_config, "a.conf"), Configuration);

    public void Dispose() => Directory.Delete(_config, recursive: true);

    [Theory]
    [InlineData("modprobe")]
    [InlineData("modprobe -D")]
    [InlineData("modprobe --nope")]
    [InlineData("modprobe --re")]
    [InlineData("modprobe --ver")]
    [InlineData("modprobe -w")]
    [InlineData("modprobe -w abc loop")]
    [InlineData("modprobe -q nope")]
    [InlineData("modprobe -a nope nope2")]
    [InlineData("modprobe --show-exports nofile")]
    [InlineData("modprobe --show-modversions /dev/null")]
    [InlineData("insmod")]
    [InlineData("insmod nofile")]
    [InlineData("insmod -")]
    [InlineData("insmod -q x")]
    [InlineData("rmmod")]
    [InlineData("rmmod nope")]
    [InlineData("rmmod -f nope")]
    [InlineData("rmmod -a nope")]
    public void Output_without_a_tree_equals_that_of_kmod(string line) => KmodBeside.SameAsKmod(line.Split(' '));

    [Theory]
    [InlineData("-c")]
    [InlineData("-R mynet")]
    [InlineData("-R two")]
    [InlineData("-aR loop nope btrfs")]
    [InlineData("-R symbol:jbd2_journal_start")]
    [InlineData("-R pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00")]
    [InlineData("-R a[b")]
    [InlineData("-D myfoo")]
    [InlineData("-D mynet")]
    [InlineData("-D e1000e")]
    [InlineData("-bD e1000e")]
    [InlineData("-D nosuch2 a=1")]
    [InlineData("-iD dummy")]
    [InlineData("-D iosf_mbi")]
    [InlineData("-D mixed")]
    [InlineData("--show-dep btrfs")]
    [InlineData("-iD btrfs")]
    [InlineData("-nv btrfs debug=1 b=c")]
    [InlineData("-aD loop ext4 fs-xfs")]
    [InlineData("-rD btrfs")]
    [InlineData("-rD ext4")]
    [InlineData("-r --first-time btrfs")]
    [InlineData("-r fuse")]
    [InlineData("-rv fuse")]
    [InlineData("-ra nope ext4")]
    [InlineData("-rv nope ext4")]
    [InlineData("-rav nope ext4")]
    [InlineData("-rq nope fuse")]
    [InlineData("-r iosf_mbi")]
    [InlineData("--first-time iosf_mbi")]
    [InlineData("myfoo")]
    [InlineData("two")]
    [InlineData("mixed")]
    [InlineData("-v dummy x=1")]
    [InlineData("nosuch2")]
    public void Output_with_a_configuration_equals_that_of_kmod(string options)
    {
        var (root, release) = KernelTrees.Indexed();
        KmodBeside.SameAsKmod(["modprobe", "-C", _config, "-d", root, "-S", release, .. options.Split(' ')],
            "--first-softdep");
    }

    [Fact]
    public void Quoted_parameters_equal_those_of_kmod()
    {
        var (root, release) = KernelTrees.Indexed();
        KmodBeside.SameAsKmod(["modprobe", "-C", _config, "-d", root, "-S", release, "-D", "fuse", "a", "b=c", "d=e f",
            "g='h i'", "x=\"1 2\"", "y=1 \"2 3\""]);
    }

    [Fact]
    public async Task File_without_the_symbols_asked_for_has_the_message_of_kmod_34()
    {
        var (root, release) = KernelTrees.Indexed("6.1");
        string[] args = ["--show-exports", $"{root}/lib/modules/{release}/kernel/fs/ext4/ext4.ko"];
        Assert.Equal(await KmodOracle.RunAsync("modprobe", args), KmodOracle.Ours(new ModprobeTool(), args));
    }

    [Theory]
    [InlineData("6.1", "--show-modversions", "fs/ext4/ext4.ko")]
    [InlineData("6.1", "--show-exports", "fs/jbd2/jbd2.ko")]
    [InlineData("6.12", "--show-modversions", "fs/ext4/ext4.ko.xz")]
    [InlineData("6.12", "--show-exports", "fs/jbd2/jbd2.ko.xz")]
    public void Symbols_of_a_file_equal_those_of_kmod(string kernel, string option, string file)
    {
        var (root, release) = KernelTrees.Indexed(kernel);
        KmodBeside.SameAsKmod(["modprobe", option, $"{root}/lib/modules/{release}/kernel/{file}"]);
    }
}
