using System.IO.Compression;
using CsCheck;
using Drover.Kernel;
using Drover.Modules.Containers;
using Drover.Modules.Image;

namespace Drover.Modules.Tests.Image;

public sealed class ModuleFileTests
{
    /// <summary>Like modules: runs, near and far repetitions, noise, more than one LZMA2 chunk.</summary>
    internal static readonly Gen<byte[]> Contents = Gen.Select(Gen.Byte, Gen.Int[1, 3000], Gen.Int[0, 3]).Array[1, 60]
        .Select(pieces =>
    {
        var bytes = new List<byte>();
        foreach (var (seed, length, kind) in pieces)
        {
            for (var i = 0; i < length; i++)
            {
                bytes.Add(kind switch
                {
                    0 => seed,
                    1 => (byte)((i * seed) ^ (i >> 3)),
                    2 when bytes.Count > seed => bytes[bytes.Count - 1 - seed],
                    3 when bytes.Count > seed * 97 => bytes[bytes.Count - 1 - (seed * 97)],
                    _ => (byte)((i * 2654435761u) >> 13),
                });
            }
        }
        return bytes.ToArray();
    });

    public static TheoryData<string> Names => ["gzip", "xz", "zstd"];

    [Theory]
    [InlineData("a/b.ko", ModuleCompression.None)]
    [InlineData("a/b.ko.gz", ModuleCompression.Gzip)]
    [InlineData("a.xz/b.ko.xz", ModuleCompression.Xz)]
    [InlineData("b.ko.zst", ModuleCompression.Zstd)]
    [InlineData("a.xz/b", ModuleCompression.None)]
    [InlineData("b.ko.lzma", ModuleCompression.None)]
    public void CompressionOf_uses_the_file_ending(string path, ModuleCompression expected) =>
        Assert.Equal(expected, ModuleFile.CompressionOf(path));

    [Fact]
    public void First_bytes_decide_the_compression_not_the_name()
    {
        var path = Path.GetTempFileName();
        try
        {
            byte[] contents = [1, 2, 3];
            File.WriteAllBytes(path, XzWriter.Stream(1, contents));
            Assert.Equal(contents, ModuleFile.ReadImage(path));
            Assert.Equal(ModuleCompression.Xz, ModuleFile.Measure(path).Compression);
            Assert.Equal(contents.Length, ModuleFile.Measure(path).ImageBytes);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Missing_file_is_an_IO_error_and_empty_one_not_a_module()
    {
        Assert.Throws<FileNotFoundException>(
            () => ModuleFile.ReadImage(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())));
        Assert.Throws<ModuleDataException>(() => ModuleFile.Measure(new MemorySource(default, "m.ko")));
        Assert.Empty(ModuleFile.Decompress([], "m.ko"));
    }

    [Theory, MemberData(nameof(Names))]
    public void Decompress_reverses_the_tool(string tool)
    {
        Tool.Require(tool);
        string[][] settings = tool switch
        {
            "xz" => [["--check=crc32", "--lzma2=dict=1MiB"], ["-0"], ["-9e", "--check=crc64"],
                ["--check=none", "--block-size=10000"], ["--check=sha256", "--lzma2=lc=0,lp=3,pb=0,dict=4KiB"],
                ["--lzma2=lc=4,lp=0,pb=4,nice=4"]],
            "zstd" => [["-1"], ["-19", "--no-check"]],
            _ => [["-1"], ["-9"]],
        };
        foreach (var setting in settings)
            Contents.Sample(bytes => Decompress(bytes, setting).SequenceEqual(bytes), iter: 6, threads: 1);

        byte[] Decompress(byte[] bytes, string[] setting) =>
            ModuleFile.Decompress(Tool.Run(tool, bytes, [.. setting, "-c"]), "m.ko");
    }

    [Theory, MemberData(nameof(Names))]
    public void Measure_reads_the_size_from_the_container(string tool)
    {
        Tool.Require(tool);
        Contents.Sample(bytes =>
        {
            var path = Path.GetTempFileName();
            try
            {
                // zstd writes the size if its input is a file, not a pipe
                File.WriteAllBytes(path, bytes);
                var packed = Tool.Run(tool, [], "-c", path);
                // a gzip file may have more members than the last one, whose size it tells
                var expected = tool == "gzip" ? Math.Max(bytes.Length, packed.Length) : bytes.Length;
                return ModuleFile.Measure(new MemorySource(packed, "m.ko")) is { ImageBytes: var size } measured
                    && size == expected && measured.FileBytes == packed.Length
                    && ModuleFile.Decompress(packed, "m.ko").Length == bytes.Length;
            }
            finally
            {
                File.Delete(path);
            }
        }, iter: 10, threads: 1);
    }

    [Fact]
    public void Zstd_without_content_size_is_estimated()
    {
        var packed = Tool.Run("zstd", [.. Enumerable.Repeat((byte)7, 50_000)], "-c");

        Assert.Null(ZstdFile.ContentSize(packed, "m.ko"));
        Assert.Equal((long)packed.Length * ModuleFile.AssumedRatio, ModuleFile.Measure(
            new MemorySource(packed, "m.ko")).ImageBytes);
        Assert.Equal(50_000, ModuleFile.Decompress(packed, "m.ko").Length);
    }

    [Fact]
    public void Xz_with_any_streams_blocks_checks_and_padding_is_decompressed()
        => Gen.Select(Gen.OneOf((byte)0, (byte)1, (byte)4, (byte)10), Gen.Byte.Array[1, 200].Array[0, 4],
            Gen.Int[0, 3]).Array[1, 5].Sample(streams =>
        {
            byte[] file = [.. streams.SelectMany(s => XzWriter.Stream(s.Item1, s.Item2).Concat(new byte[4 * s.Item3]))];
            var expected = streams.SelectMany(s => s.Item2).SelectMany(b => b);
            return ModuleFile.Decompress(file, "m.ko").AsSpan().SequenceEqual(expected.ToArray());
        }, iter: 500);

    [Fact]
    public void Xz_with_several_stored_chunks_is_decompressed()
    {
        var contents = new byte[200_000];
        for (var i = 0; i < contents.Length; i++)
            contents[i] = (byte)(i * 7 >> 3);

        Assert.Equal(contents, ModuleFile.Decompress(XzWriter.Stream(4, contents), "m.ko"));
    }

    [Fact]
    public void Xz_index_too_short_for_its_checksum_is_rejected()
    {
        var file = XzWriter.Stream(1);
        // footer: an index of four bytes, only its checksum
        byte[] footer = [0, 0, 0, 0, 0, 1];
        var crc = BitConverter.GetBytes(Checksums.Crc32(footer));
        byte[] damaged = [.. file[..12], 0, 0, 0, 0, .. crc, .. footer, .. "YZ"u8];

        Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress(damaged, "m.ko.xz"));
        Assert.Empty(ModuleFile.Decompress(file, "m.ko.xz"));
    }

    [Fact]
    public void Checksums_agree_with_their_standards()
    {
        Assert.Equal(0xcbf43926u, Checksums.Crc32("123456789"u8));
        Assert.Equal(0x995dc9bbdf1939faul, Checksums.Crc64("123456789"u8));
        Gen.Byte.Array[0, 100].Sample(bytes => Checksums.Crc64(bytes) == ~bytes.Aggregate(ulong.MaxValue, (crc, b) =>
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xc96c5795d7870f42);
            return crc;
        }));
    }

    [Theory, MemberData(nameof(Names))]
    public void Truncated_file_is_rejected(string tool)
    {
        var packed = Tool.Run(tool, SmallModule(), "-c");
        for (var length = 0; length < packed.Length; length++)
        {
            var cut = packed[..length];
            // without the whole magic number it counts as uncompressed, and is not ELF
            if (ModuleFile.CompressionOf(cut) == ModuleCompression.None)
                Assert.Throws<ModuleDataException>(() => ModuleImage.Parse(ModuleFile.Decompress(cut, "m.ko"), "m.ko"));
            else
                Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress(cut, "m.ko"));
        }
    }

    [Fact]
    public void Trailing_data_is_rejected()
    {
        var contents = SmallModule();
        byte[] garbage = [.. "something else"u8];

        Assert.Throws<ModuleDataException>(
            () => ModuleFile.Decompress([.. Tool.Run("xz", contents, "-c"), .. garbage], "m.ko"));
        Assert.Throws<ModuleDataException>(
            () => ModuleFile.Decompress([.. Tool.Run("zstd", contents, "-c"), .. garbage], "m.ko"));
        Assert.Throws<ModuleDataException>(
            () => ModuleFile.Decompress([.. Tool.Run("gzip", contents, "-c"), .. garbage], "m.ko"));
        // padding in multiples of four is valid
        Assert.Equal(contents, ModuleFile.Decompress([.. Tool.Run("xz", contents, "-c"), 0, 0, 0, 0], "m.ko"));
        Assert.Throws<ModuleDataException>(
            () => ModuleFile.Decompress([.. Tool.Run("xz", contents, "-c"), 0, 0], "m.ko"));
    }

    [Theory]
    [InlineData("xz")]
    [InlineData("zstd")]
    [InlineData("gzip")]
    public void Concatenated_streams_are_decompressed(string tool)
    {
        var contents = SmallModule();
        var packed = Tool.Run(tool, contents, "-c");
        var empty = Tool.Run(tool, [], "-c");

        Assert.Equal([.. contents, .. contents], ModuleFile.Decompress([.. packed, .. packed], "m.ko"));
        byte[] many = [.. Enumerable.Repeat<byte[]>([.. empty, .. packed], 300).SelectMany(part => part), .. empty];
        Assert.Equal(Enumerable.Repeat(contents, 300).SelectMany(part => part), ModuleFile.Decompress(many, "m.ko"));
    }

    /// <summary>A member with all that a header may have, which the kernel's decompressor does not read.</summary>
    [Fact]
    public void Gzip_headers_have_optional_parts()
    {
        var contents = SmallModule();
        var packed = Tool.Run("gzip", contents, "-nc");
        foreach (var (flags, parts) in new (byte, byte[])[]
            { (1, []), (2, [7, 7]), (4, [3, 0, 0, 0, 0]), (8, [.. "name\0"u8]), (16, [.. "comment\0"u8]),
              (31, [1, 0, 9, .. "n\0c\0"u8, 7, 7]) })
        {
            byte[] member = [.. packed[..3], flags, .. packed[4..10], .. parts, .. packed[10..]];
            Assert.Equal([.. contents, .. contents], ModuleFile.Decompress([.. member, .. packed], "m.ko"));
        }
        byte[] endless = [.. packed[..3], 8, .. Enumerable.Repeat((byte)'n', 40), 1, 0, 0, 0];
        Assert.Contains("gzip header", Problem(endless), StringComparison.Ordinal);
        Assert.Contains("flags 0x20", Problem([.. packed[..3], 0x20, .. packed[4..]]), StringComparison.Ordinal);
    }

    /// <summary>Any damage of a gzip file is an error: no part of it is silently missing.</summary>
    [Fact]
    public void Gzip_of_several_members_may_miss_no_byte()
    {
        var contents = SmallModule();
        var packed = Tool.Run("gzip", contents, "-nc");
        byte[] two = [.. packed, .. packed];
        for (var length = packed.Length + 1; length < two.Length; length++)
            Problem(two[..length]);
        for (var at = 10; at < two.Length; at++)
        {
            if (at >= packed.Length && at < packed.Length + 10)
                continue; // time and system of the second header
            byte[] damaged = [.. two];
            damaged[at] ^= 0x10;
            try
            {
                // the last bits of the last byte before a trailer mean nothing
                Assert.Equal([.. contents, .. contents], ModuleFile.Decompress(damaged, "m.ko"));
            }
            catch (ModuleDataException)
            {
                // as it should be
            }
        }
    }

    [Fact]
    public void Gzip_with_padding_is_read()
    {
        var contents = SmallModule();
        byte[] padded = [.. Tool.Run("gzip", contents, "-c"), .. new byte[512]];
        Assert.Equal(contents, ModuleFile.Decompress(padded, "m.ko"));
        Assert.InRange(ModuleFile.Measure(new MemorySource(padded, "m.ko.gz")).ImageBytes, 1, 1 << 20);
    }

    [Fact]
    public void Skippable_frames_of_zstd_are_skipped()
    {
        var contents = SmallModule();
        var packed = Tool.Run("zstd", contents, "-c");
        byte[] skipped = [0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        byte[] file = [.. skipped, .. packed, .. skipped, .. packed, .. skipped];
        Assert.Equal([.. contents, .. contents], ModuleFile.Decompress(file, "m.ko"));
        Assert.Equal(ModuleCompression.Zstd, ModuleFile.Measure(new MemorySource(file, "m.ko.zst")).Compression);
    }

    [Theory]
    [InlineData("x86")]
    [InlineData("powerpc")]
    [InlineData("ia64")]
    [InlineData("arm")]
    [InlineData("armthumb")]
    [InlineData("arm64")]
    [InlineData("sparc")]
    [InlineData("delta")]
    public void Xz_filter_that_needs_the_library_is_named(string filter)
    {
        var packed = Tool.Run("xz", SmallModule(), $"--{filter}", "--lzma2", "-c");
        var problem = Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress(packed, "m.ko"));
        Assert.Equal((DataFault.NeedsLibrary, $"the xz filter {filter}: only liblzma reads it"),
            (problem.Fault, problem.Problem));
    }

    [Fact]
    public void Xz_of_many_streams_blocks_and_much_padding_is_read()
    {
        var contents = SmallModule();
        var stream = XzWriter.Stream(1, contents);
        byte[] many = [.. Enumerable.Repeat(stream, 1000).SelectMany(part => part), .. new byte[1 << 20]];
        Assert.Equal(1000 * contents.Length, ModuleFile.Decompress(many, "m.ko").Length);
        var blocks = XzWriter.Stream(1, [.. Enumerable.Repeat(contents[..100], 20_000)]);
        Assert.Equal(2_000_000, ModuleFile.Decompress(blocks, "m.ko").Length);
    }

    [Theory]
    [InlineData(true, "--check=crc32", "--lzma2=dict=1MiB")]
    [InlineData(true, "--check=none", "-9")]
    [InlineData(true, "--check=crc32", "-T2")] // the header has both sizes
    [InlineData(false, "--check=crc64", "-6")]
    [InlineData(false, "--check=sha256", "-6")]
    [InlineData(false, "--check=crc32", "--x86", "--lzma2")]
    [InlineData(false, "--check=crc32", "--delta", "--lzma2")]
    [InlineData(false, "--check=crc32", "--lzma2=dict=96MiB")]
    public void Xz_is_usual_as_the_kernels_build_packs_it(bool isUsual, params string[] settings)
    {
        var packed = Tool.Run("xz", SmallModule(), [.. settings, "-c"]);
        Assert.Equal(isUsual, !ModuleFile.Measure(new MemorySource(packed, "m.ko.xz")).IsUnusual);
        // the kernel reads the first stream only
        Assert.True(ModuleFile.Measure(new MemorySource((byte[])[.. packed, .. packed], "m.ko.xz")).IsUnusual);
    }

    [Fact]
    public void Gzip_bomb_ends_at_its_trailer()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            gzip.Write(new byte[64 << 20]);
        var bomb = packed.ToArray();
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(bomb.AsSpan(bomb.Length - 4), 1000);

        var e = Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress(bomb, "m.ko.gz"));
        Assert.Contains("trailer", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Impossible_sizes_allocate_nothing()
    {
        // a zstd frame of nine bytes that claims 2^40
        byte[] zstd = [.. ZstdFile.Magic, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0];
        Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress(zstd, "m.ko.zst"));
        Assert.Throws<ModuleDataException>(() => ModuleFile.Measure(new MemorySource(zstd, "m.ko.zst")));
        byte[] gzip = [.. GzipFile.Magic, 8, .. new byte[20], 0xff, 0xff, 0xff, 0x0f];
        Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress(gzip, "m.ko.gz"));
    }

    static string Problem(byte[] packed) =>
        Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress(packed, "m.ko")).Message;

    internal static byte[] SmallModule()
        => new ElfWriter(true, false).AddInfo("name=small", "license=MIT", "alias=pci:v00001234d00005678sv*sd*bc*sc*i*",
            "alias=pci:v00001234d00005679sv*sd*bc*sc*i*", "depends=a,b")
            .Add(".text", TestSection.Alloc | TestSection.Exec,
                [.. Enumerable.Range(0, 400).Select(i => (byte)(i * i >> 2))]).AddThisModule("small").ToBytes();
}
