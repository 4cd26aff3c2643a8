using Drover.Tests.Packaging;

namespace Drover.Tests.House;

/// <summary>The boot program as a file: it goes into every initramfs.</summary>
public class NativeBinaryTests
{
    const long MaxBytes = 5_000_000, MaxCompressedBytes = 1_900_000;

    [Fact]
    public void It_has_at_most_5_MB()
    {
        RequireBinary();
        Assert.InRange(new FileInfo(Repository.NativeBinary).Length, 1, MaxBytes);
    }

    [Fact]
    public void It_has_at_most_1900_kB_in_an_initramfs_compressed_by_zstd_19()
    {
        RequireBinary();
        var compressed = Path.GetTempFileName();
        try
        {
            var binary = Repository.NativeBinary;
            Assert.Equal((0, ""), PackagingTests.Run("zstd", "-19", "-q", "-f", "-o", compressed, binary));
            Assert.InRange(new FileInfo(compressed).Length, 1, MaxCompressedBytes);
        }
        finally
        {
            File.Delete(compressed);
        }
    }

    [Fact]
    public void It_needs_only_the_C_library()
    {
        RequireBinary();
        var needed = ElfDynamic.Needed(File.ReadAllBytes(Repository.NativeBinary));
        Assert.Contains("libc.so.6", needed);
        Assert.All(
            needed, library => Assert.Matches(@"^(libc|libm)\.so\.6$|^ld-linux-[a-z0-9-]+\.so\.[0-9]$", library));
    }

    static void RequireBinary() =>
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
}
