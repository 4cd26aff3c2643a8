using System.Buffers.Binary;
using CsCheck;
using Drover.Modules.Containers;
using Drover.Modules.Image;
using Drover.Text;

namespace Drover.Modules.Tests.Image;

public sealed class ModuleImageTests
{
    const long Page = 4096;

    static readonly Gen<string> Word = Gen.Char["abcdefghijklmnopqrstuvwxyz0123456789_:*-ü"].Array[1, 12]
        .Select(chars => new string(chars));

    public static TheoryData<bool, bool> Kinds =>
        new() { { true, false }, { true, true }, { false, false }, { false, true } };

    [Theory, MemberData(nameof(Kinds))]
    public void Info_returns_pairs_as_written(bool is64, bool bigEndian)
        => Gen.Select(Word, Word).Array[1, 30].Sample(pairs =>
        {
            var image = Parse(new ElfWriter(is64, bigEndian)
                .Add(".text", TestSection.Alloc | TestSection.Exec, [1, 2, 3])
                .AddInfo([.. pairs.Select(p => $"{p.Item1}={p.Item2}")])
                .AddThisModule("it"));
            return image.Info.Select(p => (p.Key, p.Value)).SequenceEqual(pairs);
        }, iter: 200);

    [Theory, MemberData(nameof(Kinds))]
    public void Name_comes_from_struct_module_if_info_has_none(bool is64, bool bigEndian)
        => Assert.Equal("old_one", Parse(new ElfWriter(is64, bigEndian).AddInfo("license=GPL", "depends=")
            .AddThisModule("old_one")).Name);

    [Theory, MemberData(nameof(Kinds))]
    public void Extended_section_counts_are_read_from_section_zero(bool is64, bool bigEndian)
        => Assert.Equal("wide", Parse(new ElfWriter(is64, bigEndian) { Extended = true }.AddInfo("name=wide")).Name);

    [Fact]
    public void Info_needs_no_equals_sign_and_no_final_NUL()
    {
        var image = Parse(new ElfWriter(true, false).Add(".modinfo", TestSection.Alloc,
            [.. "\0\0name=m\0\0\0bare\0k=v=w\0last=x"u8]));

        Assert.Equal([new("name", "m"), new("bare", ""), new("k", "v=w"), new("last", "x")], image.Info);
        Assert.Equal("m", image.Name);
    }

    [Fact]
    public void Info_that_is_not_UTF8_keeps_its_bytes()
    {
        var image = Parse(new ElfWriter(true, false).Add(".modinfo", TestSection.Alloc,
            [.. "name=m\0author=J"u8, 0xfc, .. "rgen\0"u8]));

        Assert.Equal([.. "J"u8, 0xfc, .. "rgen"u8], ByteText.BytesOf(image.Info[1].Value));
    }

    [Fact]
    public void Layout_has_a_page_aligned_region_per_memory_type()
    {
        const ulong read = TestSection.Alloc, write = TestSection.Alloc | TestSection.Write,
            exec = TestSection.Alloc | TestSection.Exec;
        var image = Parse(new ElfWriter(true, false)
            .AddInfo("name=m") // not kept
            .Add("__versions", read, new byte[9000]) // not kept
            .Add(new TestSection(".data..percpu", write, 64, [], NoBits: 9000)) // not counted
            .Add(".comment", 0, new byte[9000]) // not allocated
            .Add(".text", exec, new byte[4000])
            .Add(".text.unlikely", exec, new byte[97], align: 64) // 4000 → 4032 + 97 = 4129
            .Add(".rodata", read, new byte[10])
            .Add(".data..ro_after_init", write, new byte[4096])
            .Add(".data", write, new byte[1])
            .Add(new TestSection(".bss", write, 4096, [], NoBits: 3 * 4096)) // 1 → 4096 + 12288
            .Add(".init.text", exec, new byte[1])
            .Add(".init.data", write, new byte[1])
            .Add(".init.rodata", read, new byte[1]));

        Assert.Equal((2 + 1 + 1 + 4 + 1 + 1 + 1) * Page, image.ImageBytes);
    }

    [Fact]
    public void Measure_agrees_with_the_layout_of_the_whole_image()
        => Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool, Gen.Select(Gen.ULong[0, 7], Gen.Int[0, 12], Gen.Int[0, 9000],
            Gen.Bool).Array[0, 12]).Sample((is64, bigEndian, extended, sections) =>
        {
            var writer = new ElfWriter(is64, bigEndian) { Extended = extended }.AddInfo("name=m");
            foreach (var (flags, align, size, init) in sections)
                writer.Add((init ? ".init." : ".") + "x", flags, new byte[size], 1ul << align);
            var bytes = writer.ToBytes();
            return ModuleFile.Measure(new MemorySource(bytes, "m.ko")) == new ModuleFileSize(
                bytes.Length, ModuleImage.Parse(bytes, "m.ko").ImageBytes);
        }, iter: 300);

    [Fact]
    public void Parse_rejects_a_file_that_is_not_a_module()
    {
        AssertRefused(new ElfWriter(true, false).Add(".text", TestSection.Alloc, [1]).ToBytes(), "not a module");
        AssertRefused(new ElfWriter(true, false) { Type = 3 }.AddInfo("name=m").ToBytes(), "ELF type 3");
        AssertRefused([], "not an ELF");
        AssertRefused("#!/bin/sh\n"u8.ToArray(), "not an ELF");
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Hostile_numbers_anywhere_give_ModuleDataException_at_most(bool is64, bool bigEndian)
    {
        var good = new ElfWriter(is64, bigEndian).AddInfo("name=m").AddThisModule("m")
            .Add(".data", TestSection.Alloc | TestSection.Write, new byte[9], 8).ToBytes();
        // every 16, 32 and 64 bits of headers and table, each with values that can overflow
        ulong[] nasty = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, 0x80000000, long.MaxValue,
            ulong.MaxValue, ulong.MaxValue - 63, (ulong)good.Length];
        var number = new byte[8];
        for (var at = 4; at < good.Length - 8; at++)
        {
            foreach (var value in nasty)
            {
                for (var width = 2; width <= 8; width *= 2)
                {
                    var bytes = (byte[])good.Clone();
                    if (bigEndian)
                        BinaryPrimitives.WriteUInt64BigEndian(number, value << (64 - (8 * width)));
                    else
                        BinaryPrimitives.WriteUInt64LittleEndian(number, value);
                    number.AsSpan(0, width).CopyTo(bytes.AsSpan(at));
                    AssertTypedOrFine(bytes);
                }
            }
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Truncated_module_is_rejected(bool is64, bool bigEndian)
    {
        // the table is last, so every cut removes part of it
        var good = new ElfWriter(is64, bigEndian).AddInfo("name=m").ToBytes();
        for (var length = 0; length < good.Length; length++)
            Assert.Throws<ModuleDataException>(() => ModuleImage.Parse(good.AsMemory(0, length), "m.ko"));
    }

    [Fact]
    public void Too_many_pairs_are_rejected()
        => AssertRefused(new ElfWriter(true, false).Add(".modinfo", TestSection.Alloc,
            [.. Enumerable.Repeat("a\0"u8.ToArray(), ModInfo.MaxEntries + 1).SelectMany(b => b)]).ToBytes(),
            "more than");

    static ModuleImage Parse(ElfWriter writer) => ModuleImage.Parse(writer.ToBytes(), "m.ko");

    static void AssertRefused(byte[] bytes, string problem)
    {
        var e = Assert.Throws<ModuleDataException>(() => ModuleImage.Parse(bytes, "m.ko"));
        Assert.Contains(problem, e.Problem, StringComparison.Ordinal);
        Assert.Equal("m.ko", e.File);
    }

    static void AssertTypedOrFine(byte[] bytes)
    {
        try
        {
            ModuleImage.Parse(bytes, "m.ko");
            ModuleFile.Measure(new MemorySource(bytes, "m.ko"));
        }
        catch (ModuleDataException e)
        {
            Assert.InRange(e.Offset, 0, bytes.Length);
        }
    }
}
