using System.Text;
using Drover.Modules.Image;

namespace Drover.Modules.Tests.Image;

/// <summary>Images of either width and byte order.</summary>
public class ModuleChecksTests
{
    public static TheoryData<bool, bool> Kinds =>
        new() { { true, false }, { true, true }, { false, false }, { false, true } };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void HideModversions_changes_only_the_flags_of_the_section(bool is64, bool bigEndian)
    {
        var image = Module(is64, bigEndian, TestSection.Alloc | TestSection.Write);
        var hidden = (byte[])image.Clone();
        ModuleChecks.HideModversions(hidden, "a.ko");
        Assert.Equal(Module(is64, bigEndian, TestSection.Write), hidden);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void HideVermagic_changes_only_the_vermagic(bool is64, bool bigEndian)
    {
        var image = Module(is64, bigEndian, TestSection.Alloc);
        var hidden = (byte[])image.Clone();
        ModuleChecks.HideVermagic(hidden, "a.ko");
        var magic = Encoding.Latin1.GetBytes("vermagic=6.1 SMP");
        image.AsSpan(image.AsSpan().IndexOf(magic), magic.Length).Clear();
        Assert.Equal(image, hidden);
    }

    [Fact]
    public void Image_without_vermagic_and_versions_stays_unchanged()
    {
        var image = new ElfWriter(true, false).AddInfo("license=GPL", "notvermagic=1", "x=vermagic=2").ToBytes();
        var hidden = (byte[])image.Clone();
        ModuleChecks.HideModversions(hidden, "a.ko");
        ModuleChecks.HideVermagic(hidden, "a.ko");
        Assert.Equal(image, hidden);
        var bare = new ElfWriter(true, false).ToBytes();
        ModuleChecks.HideVermagic(bare, "a.ko");
        ModuleChecks.HideModversions(bare, "a.ko");
    }

    [Fact]
    public void HideVermagic_handles_a_truncated_vermagic()
    {
        var image = new ElfWriter(true, false)
            .Add(".modinfo", TestSection.Alloc, Encoding.Latin1.GetBytes("a=b\0vermagic=cut")).ToBytes();
        ModuleChecks.HideVermagic(image, "a.ko");
        Assert.Equal(-1, image.AsSpan().IndexOf("vermagic"u8));
    }

    [Fact]
    public void HideVermagic_handles_a_section_without_bytes_at_any_offset()
    {
        const int TypeAt = 4, OffsetAt = 24; // in a section header of 64 bits
        var image = Module(true, false, TestSection.Alloc);
        var header = BitConverter.ToInt64(image, 40) + 64; // e_shoff; .modinfo is the first section
        BitConverter.TryWriteBytes(image.AsSpan((int)header + TypeAt), 8); // SHT_NOBITS
        BitConverter.TryWriteBytes(image.AsSpan((int)header + OffsetAt), long.MaxValue);
        ModuleChecks.HideVermagic(image, "a.ko");
        Assert.NotEqual(-1, image.AsSpan().IndexOf("vermagic"u8));
    }

    [Fact]
    public void Damaged_images_are_changed_or_give_ModuleDataException()
    {
        var image = Module(true, false, TestSection.Alloc);
        FuzzCases.Run(nameof(Damaged_images_are_changed_or_give_ModuleDataException), seed =>
        {
            var damaged = new Mutator(seed).Mutate(image);
            try
            {
                ModuleChecks.HideModversions(damaged, "a.ko");
                ModuleChecks.HideVermagic(damaged, "a.ko");
            }
            catch (ModuleDataException bad)
            {
                Assert.Equal("a.ko", bad.File);
            }
        });
    }

    static byte[] Module(bool is64, bool bigEndian, ulong flags) =>
        new ElfWriter(is64, bigEndian).AddInfo("license=GPL", "vermagic=6.1 SMP", "name=a")
            .Add("__versions", flags, new byte[64], 32).Add(".text", TestSection.Alloc | TestSection.Exec, [1, 2, 3])
            .ToBytes();
}
