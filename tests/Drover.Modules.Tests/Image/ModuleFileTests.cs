using System.IO.Compression;
using CsCheck;

namespace Drover.Modules.Tests.Image;

public sealed class ModuleFileTests
{
    /// <summary>Contents as modules have them: runs, repeats near and far, noise, more than a chunk of LZMA2.</summary>
    internal static readonly Gen<byte[]> Contents = Gen.Select(Gen.Byte, Gen.Int[1, 3000], Gen.Int[0, 3]).Array[1, 60].Select(pieces =>
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
    public void Compression_by_name(string path, ModuleCompression expected) => Assert.Equal(expected, ModuleFile.CompressionOf(path));

    [Fact]
    public void The_first_bytes_count_not_the_name()
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
    public void A_missing_file_is_an_io_error_and_an_empty_one_is_no_module()
    {
        Assert.Throws<FileNotFoundException>(() => ModuleFile.ReadImage(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())));
        Assert.Throws<ModuleDataException>(() => ModuleFile.Measure(new MemorySource(default, "m.ko")));
        Assert.Empty(ModuleFile.Decompress([], "m.ko"));
    }

    [Theory, MemberData(nameof(Names))]
    public void What_the_tool_packs_comes_back(string tool)
    {
        Tool.Require(tool);
        string[][] settings = tool switch
        {
            "xz" => [["--check=crc32", "--lzma2=dict=1MiB"], ["-0"], ["-9e", "--check=crc64"], ["--check=none", "--block-size=10000"], ["--check=sha256", "--lzma2=lc=0,lp=3,pb=0,dict=4KiB"], ["--lzma2=lc=4,lp=0,pb=4,nice=4"]],
            "zstd" => [["-1"], ["-19", "--no-check"]],
            _ => [["-1"], ["-9"]],
        };
        foreach (var setting in settings)
            Contents.Sample(bytes => ModuleFile.Decompress(Tool.Run(tool, bytes, [.. setting, "-c"]), "m.ko").AsSpan().SequenceEqual(bytes), iter: 6, threads: 1);
    }

    [Theory, MemberData(nameof(Names))]
    public void The_container_tells_the_size(string tool)
    {
        Tool.Require(tool);
        Contents.Sample(bytes =>
        {
            var path = Path.GetTempFileName();
            try
            {
                // given a file and not a pipe, zstd knows the size and writes it
                File.WriteAllBytes(path, bytes);
                var packed = Tool.Run(tool, [], "-c", path);
                return ModuleFile.Measure(new MemorySource(packed, "m.ko")) is { ImageBytes: var size } measured && size == bytes.Length && measured.FileBytes == packed.Length
                    && ModuleFile.Decompress(packed, "m.ko").Length == size;
            }
            finally
            {
                File.Delete(path);
            }
        }, iter: 10, threads: 1);
    }

    [Fact]
    public void Zstd_that_does_not_tell_its_size_is_estimated()
    {
        var packed = Tool.Run("zstd", [.. Enumerable.Repeat((byte)7, 50_000)], "-c");

        Assert.Null(ZstdFile.ContentSize(packed, "m.ko"));
        Assert.Equal((long)packed.Length * ModuleFile.AssumedRatio, ModuleFile.Measure(new MemorySource(packed, "m.ko")).ImageBytes);
        Assert.Equal(50_000, ModuleFile.Decompress(packed, "m.ko").Length);
    }

    [Fact]
    public void Xz_of_any_streams_blocks_checks_and_padding_comes_back()
        => Gen.Select(Gen.OneOf((byte)0, (byte)1, (byte)4, (byte)10), Gen.Byte.Array[1, 200].Array[0, 4], Gen.Int[0, 3]).Array[1, 5].Sample(streams =>
        {
            byte[] file = [.. streams.SelectMany(s => XzWriter.Stream(s.Item1, s.Item2).Concat(new byte[4 * s.Item3]))];
            var expected = streams.SelectMany(s => s.Item2).SelectMany(b => b);
            return ModuleFile.Decompress(file, "m.ko").AsSpan().SequenceEqual(expected.ToArray());
        }, iter: 500);

    [Fact]
    public void Xz_stored_in_several_chunks_comes_back()
    {
        var contents = new byte[200_000];
        for (var i = 0; i < contents.Length; i++)
            contents[i] = (byte)(i * 7 >> 3);

        Assert.Equal(contents, ModuleFile.Decompress(XzWriter.Stream(4, contents), "m.ko"));
    }

    [Fact]
    public void Xz_index_without_room_for_a_checksum_is_refused()
    {
        var file = XzWriter.Stream(1);
        // footer: an index of four bytes, which leaves the checksum alone
        byte[] footer = [0, 0, 0, 0, 0, 1];
        var crc = BitConverter.GetBytes(Checksums.Crc32(footer));
        byte[] damaged = [.. file[..12], 0, 0, 0, 0, .. crc, .. footer, .. "YZ"u8];

        Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress(damaged, "m.ko.xz"));
        Assert.Empty(ModuleFile.Decompress(file, "m.ko.xz"));
    }

    [Fact]
    public void Checksums_are_those_of_their_standards()
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
    public void Cut_anywhere_it_is_refused(string tool)
    {
        var packed = Tool.Run(tool, SmallModule(), "-c");
        for (var length = 0; length < packed.Length; length++)
        {
            var cut = packed[..length];
            // cut within the magic it is taken for an uncompressed file, which ELF refuses
            if (ModuleFile.CompressionOf(cut) == ModuleCompression.None)
                Assert.Throws<ModuleDataException>(() => ModuleImage.Parse(ModuleFile.Decompress(cut, "m.ko"), "m.ko"));
            else
                Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress(cut, "m.ko"));
        }
    }

    [Fact]
    public void What_follows_is_refused()
    {
        var contents = SmallModule();
        byte[] garbage = [.. "something else"u8];

        Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress([.. Tool.Run("xz", contents, "-c"), .. garbage], "m.ko"));
        Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress([.. Tool.Run("zstd", contents, "-c"), .. garbage], "m.ko"));
        Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress([.. Tool.Run("gzip", contents, "-c"), .. garbage], "m.ko"));
        // padding is not garbage, if in fours
        Assert.Equal(contents, ModuleFile.Decompress([.. Tool.Run("xz", contents, "-c"), 0, 0, 0, 0], "m.ko"));
        Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress([.. Tool.Run("xz", contents, "-c"), 0, 0], "m.ko"));
    }

    [Theory]
    [InlineData("xz")]
    [InlineData("zstd")]
    public void Packed_twice_in_a_row_it_comes_back_twice(string tool)
    {
        var contents = SmallModule();
        var packed = Tool.Run(tool, contents, "-c");

        Assert.Equal([.. contents, .. contents], ModuleFile.Decompress([.. packed, .. packed], "m.ko"));
    }

    [Fact]
    public void Gzip_of_two_members_is_refused_rather_than_read_in_part()
    {
        var packed = Tool.Run("gzip", SmallModule(), "-c");

        Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress([.. packed, .. packed], "m.ko"));
    }

    [Fact]
    public void A_bomb_is_stopped_where_the_size_told_ends()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            gzip.Write(new byte[64 << 20]);
        var bomb = packed.ToArray();
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(bomb.AsSpan(bomb.Length - 4), 1000);

        var e = Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress(bomb, "m.ko.gz"));
        Assert.Equal(1000, e.Offset);
    }

    [Fact]
    public void Sizes_that_cannot_be_true_allocate_nothing()
    {
        // a zstd frame of nine bytes that claims 2^40
        byte[] zstd = [.. ZstdFile.Magic, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0];
        Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress(zstd, "m.ko.zst"));
        Assert.Throws<ModuleDataException>(() => ModuleFile.Measure(new MemorySource(zstd, "m.ko.zst")));
        byte[] gzip = [.. GzipFile.Magic, 8, .. new byte[20], 0xff, 0xff, 0xff, 0x0f];
        Assert.Throws<ModuleDataException>(() => ModuleFile.Decompress(gzip, "m.ko.gz"));
    }

    internal static byte[] SmallModule()
        => new ElfWriter(true, false).AddInfo("name=small", "license=MIT", "alias=pci:v00001234d00005678sv*sd*bc*sc*i*", "alias=pci:v00001234d00005679sv*sd*bc*sc*i*", "depends=a,b")
            .Add(".text", TestSection.Alloc | TestSection.Exec, [.. Enumerable.Range(0, 400).Select(i => (byte)(i * i >> 2))]).AddThisModule("small").ToBytes();
}
