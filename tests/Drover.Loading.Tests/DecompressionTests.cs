using Drover.Kernel;

namespace Drover.Loading.Tests;

/// <summary>Design rule 12: which call loads a compressed file.</summary>
public sealed class DecompressionTests
{
    [Theory]
    [InlineData(ModuleCompression.None, ModuleCompression.Xz, LoadVia.FinitModule)]
    [InlineData(ModuleCompression.Xz, ModuleCompression.Xz, LoadVia.FinitModuleCompressed)]
    [InlineData(ModuleCompression.Zstd, ModuleCompression.Xz, LoadVia.InitModule)]
    [InlineData(ModuleCompression.Xz, ModuleCompression.None, LoadVia.InitModule)]
    public void Load_lets_the_kernel_read_the_file_when_it_can(
        ModuleCompression file, ModuleCompression kernel, LoadVia expected)
    {
        var scene = new Scene([new("btrfs") { Compression = file }]);
        scene.Machine.Decompresses = kernel;
        scene.Run(loader => Scene.One(loader, "btrfs"));
        Assert.Equal(expected, scene.Machine.Ended.Single().Call.Via);
    }

    [Fact]
    public void Load_uses_init_module_after_the_kernel_refuses_to_decompress()
    {
        var scene = new Scene([
            new("a") { Inode = 1, Compression = ModuleCompression.Xz, Replies = [Errno.EOPNOTSUPP, Errno.None] },
            new("b") { Inode = 2, Compression = ModuleCompression.Xz },
        ]);
        scene.Machine.Decompresses = ModuleCompression.Xz;
        scene.Run(async loader =>
        {
            Assert.Equal(OutcomeKind.Loaded, (await Scene.One(loader, "a")).Kind);
            Assert.Equal(OutcomeKind.Loaded, (await Scene.One(loader, "b")).Kind);
            return 0;
        });
        Assert.Equal(
            [LoadVia.FinitModuleCompressed, LoadVia.InitModule, LoadVia.InitModule],
            scene.Machine.Ended.Select(e => e.Call.Via));
    }

    [Theory]
    [InlineData(Errno.EINVAL)]
    [InlineData(Errno.ENOEXEC)]
    public void A_compressed_file_that_the_kernel_does_not_read_is_read_here_once(Errno error)
    {
        var scene = new Scene([
            new("a") { Inode = 1, Compression = ModuleCompression.Xz, Replies = [error, Errno.None] },
            new("bad") { Inode = 2, Compression = ModuleCompression.Xz, Replies = [error, error] },
            new("plain") { Inode = 3, Replies = [error] },
            new("next") { Inode = 4, Compression = ModuleCompression.Xz },
        ]);
        scene.Machine.Decompresses = ModuleCompression.Xz;
        var results = scene.Run(async loader => new[]
        {
            await Scene.One(loader, "a"), await Scene.One(loader, "bad"), await Scene.One(loader, "plain"),
            await Scene.One(loader, "next"),
        });
        Assert.Equal([Errno.None, error, error, Errno.None], results.Select(result => result.Error));
        Assert.Equal(
            [
                LoadVia.FinitModuleCompressed, LoadVia.InitModule, LoadVia.FinitModuleCompressed, LoadVia.InitModule,
                LoadVia.FinitModule, LoadVia.FinitModuleCompressed,
            ],
            scene.Machine.Ended.Select(ended => ended.Call.Via));
    }

    [Fact]
    public void A_file_that_not_every_kernel_reads_is_read_here_at_once()
    {
        var scene = new Scene([new("a") { Compression = ModuleCompression.Xz, IsUnusual = true }]);
        scene.Machine.Decompresses = ModuleCompression.Xz;
        scene.Run(loader => Scene.One(loader, "a"));
        Assert.Equal(LoadVia.InitModule, scene.Machine.Ended.Single().Call.Via);
    }

    [Fact]
    public void Init_module_takes_the_place_of_a_finit_module_that_is_missing()
    {
        var scene = new Scene([
            new("a") { Inode = 1, Replies = [Errno.ENOSYS, Errno.None] },
            new("b") { Inode = 2 },
            new("packed") { Inode = 3, Compression = ModuleCompression.Xz },
            new("c") { Inode = 4, Replies = [Errno.ENOSYS] },
        ]);
        scene.Machine.Decompresses = ModuleCompression.Xz;
        var results = scene.Run(async loader => new[]
        {
            await Scene.One(loader, "a"), await Scene.One(loader, "b"), await Scene.One(loader, "packed"),
            await Scene.One(loader, "c"),
        });
        Assert.Equal([Errno.None, Errno.None, Errno.None, Errno.ENOSYS], results.Select(result => result.Error));
        Assert.Equal(
            [LoadVia.FinitModule, LoadVia.InitModule, LoadVia.InitModule, LoadVia.InitModule, LoadVia.InitModule],
            scene.Machine.Ended.Select(ended => ended.Call.Via));
    }

    // two modules, one after the other; isRefused: the kernel refuses init_module
    [Theory]
    [InlineData(null, true, true, false, new[] { LoadVia.InitModule, LoadVia.InitModule })]
    [InlineData(null, true, true, true,
        new[] { LoadVia.InitModule, LoadVia.FinitModuleCompressed, LoadVia.FinitModuleCompressed })]
    [InlineData(null, true, false, false, new[] { LoadVia.InitModule, LoadVia.InitModule })]
    [InlineData(null, true, false, true, new[] { LoadVia.InitModule, LoadVia.InitModule })]
    [InlineData(null, false, true, false, new[] { LoadVia.FinitModuleCompressed, LoadVia.FinitModuleCompressed })]
    [InlineData(null, false, true, true, new[] { LoadVia.FinitModuleCompressed, LoadVia.FinitModuleCompressed })]
    [InlineData(null, false, false, false, new[] { LoadVia.InitModule, LoadVia.InitModule })]
    [InlineData(Decompressor.Kernel, true, true, false,
        new[] { LoadVia.FinitModuleCompressed, LoadVia.FinitModuleCompressed })]
    [InlineData(Decompressor.Kernel, true, false, false, new[] { LoadVia.InitModule, LoadVia.InitModule })]
    [InlineData(Decompressor.Here, false, true, false, new[] { LoadVia.InitModule, LoadVia.InitModule })]
    [InlineData(Decompressor.Here, false, true, true,
        new[] { LoadVia.InitModule, LoadVia.FinitModuleCompressed, LoadVia.FinitModuleCompressed })]
    public void Load_decompresses_here_where_that_is_cheaper_until_the_kernel_wants_a_file(
        Decompressor? chosen, bool hasLibrary, bool kernelDecompresses, bool isRefused, LoadVia[] expected)
    {
        foreach (var refusal in new[] { Errno.EPERM, Errno.EACCES })
        {
            var scene = new Scene(
                [
                    new("a") { Compression = ModuleCompression.Xz, Inode = 1 },
                    new("b") { Compression = ModuleCompression.Xz, Inode = 2 },
                ],
                decompressor: chosen);
            scene.Machine.CheaperHere = hasLibrary ? ModuleCompression.Xz : ModuleCompression.None;
            scene.Machine.Decompresses = kernelDecompresses ? ModuleCompression.Xz : ModuleCompression.None;
            scene.Machine.RefusalOfImages = isRefused ? refusal : Errno.None;
            var results = scene.Run(async loader =>
                new[] { await Scene.One(loader, "a"), await Scene.One(loader, "b") });
            Assert.Equal(expected, scene.Machine.Ended.Select(ended => ended.Call.Via));
            var error = isRefused && !kernelDecompresses ? refusal : Errno.None;
            Assert.All(results, result => Assert.Equal(error, result.Error));
        }
    }

    [Fact]
    public void Load_that_ignores_checks_passes_the_file_with_flags()
    {
        var scene = new Scene(
            [new("a") { Compression = ModuleCompression.Xz }], ignored: IgnoredChecks.Vermagic,
            decompressor: Decompressor.Here);
        scene.Machine.CheaperHere = scene.Machine.Decompresses = ModuleCompression.Xz;
        scene.Run(loader => Scene.One(loader, "a"));
        Assert.Equal(LoadVia.FinitModuleCompressed, scene.Machine.Ended.Single().Call.Via);
    }

    [Fact]
    public void Load_that_may_not_happen_has_the_message_of_one_call()
    {
        var scene = new Scene([new("a") { Compression = ModuleCompression.Xz, Replies = [Errno.EPERM] }]);
        scene.Machine.CheaperHere = scene.Machine.Decompresses = ModuleCompression.Xz;
        var result = scene.Run(loader => Scene.One(loader, "a"));
        Assert.Equal($"finit_module: EPERM ({ErrnoText.DescribeLoad(Errno.EPERM)})", result.Why);
    }
}
