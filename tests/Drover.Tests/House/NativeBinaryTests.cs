using System.Runtime.InteropServices;
using System.Text;
using Drover.Tests.Packaging;

namespace Drover.Tests.House;

/// <summary>The boot program as a file: it goes into every initramfs.</summary>
public class NativeBinaryTests
{
    const long MaxCompressedBytes = 1_900_000;

    public static TheoryData<Architecture> Architectures { get; } = [Architecture.X64, Architecture.Arm64];

    /// <summary>arm64's instructions all have four bytes, and up to 64 KiB between its segments are padding.</summary>
    [Theory]
    [InlineData(Architecture.X64, 5_000_000)]
    [InlineData(Architecture.Arm64, 5_170_000)]
    public void It_has_about_5_MB_at_most(Architecture architecture, long maxBytes) =>
        Assert.InRange(new FileInfo(Binary(architecture)).Length, 1, maxBytes);

    [Theory]
    [MemberData(nameof(Architectures))]
    public void It_has_at_most_1900_kB_in_an_initramfs_compressed_by_zstd_19(Architecture architecture)
    {
        var binary = Binary(architecture);
        var compressed = Path.GetTempFileName();
        try
        {
            Assert.Equal((0, ""), PackagingTests.Run("zstd", "-19", "-q", "-f", "-o", compressed, binary));
            Assert.InRange(new FileInfo(compressed).Length, 1, MaxCompressedBytes);
        }
        finally
        {
            File.Delete(compressed);
        }
    }

    [Theory]
    [InlineData(Architecture.X64, ElfDynamic.X86_64)]
    [InlineData(Architecture.Arm64, ElfDynamic.AArch64)]
    public void It_is_for_its_architecture_and_needs_only_the_C_library(Architecture architecture, int machine)
    {
        var elf = File.ReadAllBytes(Binary(architecture));
        Assert.Equal(machine, ElfDynamic.Machine(elf));
        var needed = ElfDynamic.Needed(elf);
        Assert.Contains("libc.so.6", needed);
        Assert.All(
            needed, library => Assert.Matches(@"^(libc|libm)\.so\.6$|^ld-linux-[a-z0-9-]+\.so\.[0-9]$", library));
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Its_note_names_the_libraries_that_it_opens(Architecture architecture)
    {
        var binary = File.ReadAllBytes(Binary(architecture));
        foreach (var library in new[] { "liblzma.so.5", "libzstd.so.1" })
            Assert.True(binary.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"\"soname\":[\"{library}\"]")) > 0, library);
    }

    static string Binary(Architecture architecture)
    {
        if (architecture != RuntimeInformation.OSArchitecture && architecture is Architecture.Arm64)
            return Repository.Arm64Program("drover");
        Assert.SkipUnless(architecture == RuntimeInformation.OSArchitecture && File.Exists(Repository.NativeBinary),
            $"no native binary for {architecture}: ./test builds it on that architecture");
        return Repository.NativeBinary;
    }
}
