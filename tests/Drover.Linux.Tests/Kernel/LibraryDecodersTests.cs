using Drover.Kernel;
using Drover.Linux.Kernel;
using Drover.Linux.Runtime;
using Drover.Linux.Syscalls;
using Drover.Modules;
using Drover.Modules.Image;
using Drover.Modules.Tests;

namespace Drover.Linux.Tests.Kernel;

public sealed class LibraryDecodersTests : IDisposable
{
    readonly LibraryDecoders _decoders = new();
    readonly TestDirectory _temporary = new();

    /// <summary>Text with repetitions, and a few calls for the x86 filter to convert.</summary>
    static readonly byte[] s_contents =
        [.. Enumerable.Range(0, 60_000).Select(i => (byte)(i % 50 == 0 ? 0xe8 : (i * i >> 7) ^ (i >> 3)))];

    public LibraryDecodersTests() => SystemDecoders.Current = _decoders;

    public void Dispose()
    {
        SystemDecoders.Current = null;
        _temporary.Dispose();
    }

    [Theory]
    [InlineData("--check=crc32", "--lzma2=dict=1MiB")]
    [InlineData("--check=sha256", "--block-size=20000")]
    [InlineData("--check=none", "-0")]
    [InlineData("--x86", "--lzma2=preset=6")]
    [InlineData("--delta=dist=4", "--lzma2")]
    [InlineData("--lzma2=dict=1536MiB", "--check=crc64")]
    [InlineData("--x86", "--lzma2=dict=768MiB")]
    [InlineData("--powerpc", "--lzma2")]
    [InlineData("--ia64", "--lzma2")]
    [InlineData("--arm", "--lzma2")]
    [InlineData("--armthumb", "--lzma2")]
    [InlineData("--arm64", "--lzma2")]
    [InlineData("--sparc", "--lzma2")]
    public void Xz_with_any_filter_and_check_is_read(params string[] settings)
    {
        RequireLiblzma();
        var packed = Tool.Run("xz", s_contents, [.. settings, "-c"]);
        Assert.Equal(s_contents.Concat(s_contents), Read([.. packed, .. packed]).Result);
    }

    [Fact]
    public void Wrong_SHA_256_is_an_error()
    {
        RequireLiblzma();
        var packed = Tool.Run("xz", s_contents, "--check=sha256", "-c");
        packed[^60] ^= 1; // before footer and index: in the 32 bytes of the check
        Assert.Contains("liblzma", Read(packed).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Result_of_another_size_is_none()
    {
        RequireLiblzma();
        var packed = Tool.Run("xz", s_contents, "-c");
        Assert.True(_decoders.TryXz(packed, new byte[s_contents.Length]));
        Assert.False(_decoders.TryXz(packed, new byte[s_contents.Length - 1]));
        Assert.False(_decoders.TryXz(packed, new byte[s_contents.Length + 1]));
        Assert.False(_decoders.TryXz([.. packed, 1, 2, 3, 4], new byte[s_contents.Length]));
        Assert.False(_decoders.TryXz([], []));

        packed = Tool.Run("zstd", s_contents, "-c");
        Assert.SkipUnless(OptionalLibrary.Find("libzstd.so.1", "ZSTD_decompress") != 0, "libzstd is not installed");
        Assert.Equal(s_contents.Length, _decoders.TryZstd(packed, new byte[s_contents.Length]));
        Assert.Equal(s_contents.Length, _decoders.TryZstd(packed, new byte[s_contents.Length + 1]));
        Assert.Equal(-1, _decoders.TryZstd(packed, new byte[s_contents.Length - 1]));
        Assert.Equal(-1, _decoders.TryZstd([.. packed, 1, 2, 3, 4], new byte[s_contents.Length]));
    }

    [Theory]
    [InlineData("xz", "--check=crc32")]
    [InlineData("xz", "--check=crc64", "--block-size=20000")]
    [InlineData("zstd", "-3")]
    public void Damaged_file_has_the_message_that_it_has_without_a_library(string tool, params string[] settings)
    {
        RequireLiblzma();
        var packed = Tool.Run(tool, s_contents, [.. settings, "-c"]);
        var random = new Random(1);
        var failures = 0;
        for (var round = 0; round < 300; round++)
        {
            var damaged = packed[..(round % 3 == 0 ? random.Next(packed.Length) : packed.Length)];
            for (var i = random.Next(3); i >= 0 && damaged.Length > 0; i--)
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            SystemDecoders.Current = null;
            var (expected, problem) = Read(damaged);
            SystemDecoders.Current = _decoders;
            var actual = Read(damaged);
            Assert.Equal(problem, actual.Problem);
            Assert.Equal(expected, actual.Result);
            failures += problem is null ? 0 : 1;
        }
        Assert.InRange(failures, 100, 300);
    }

    [Fact]
    public void Missing_library_or_function_is_none()
    {
        Assert.NotEqual(0, OptionalLibrary.Find("libc.so.6", "getpid"));
        Assert.Equal(0, OptionalLibrary.Find("libc.so.6", "drover_no_such_function"));
        Assert.Equal(0, OptionalLibrary.Find("libdrover-none.so.1", "getpid"));
    }

    [Fact]
    public void Xz_is_cheaper_here_where_liblzma_is()
    {
        using var kernel = new LinuxKernel(new KernelThreads(new LiveLoop()));
        Assert.Equal(_decoders.HasXz ? ModuleCompression.Xz : ModuleCompression.None, kernel.CheaperHere);
        SystemDecoders.Current = null;
        Assert.Equal(ModuleCompression.None, kernel.CheaperHere);
    }

    (byte[]? Result, string? Problem) Read(byte[] packed)
    {
        File.WriteAllBytes(_temporary["m.ko.x"], packed);
        try
        {
            return (ModuleFile.ReadImage(_temporary["m.ko.x"]), null);
        }
        catch (ModuleDataException problem)
        {
            return (null, problem.Message);
        }
    }

    void RequireLiblzma() => Assert.SkipUnless(_decoders.HasXz, "liblzma is not installed");
}
