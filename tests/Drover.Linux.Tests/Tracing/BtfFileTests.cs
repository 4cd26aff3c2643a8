using CsCheck;
using Drover.Linux.Tracing;

namespace Drover.Linux.Tests.Tracing;

public sealed class BtfFileTests
{
    [Fact]
    public void Path_follows_pointers_typedefs_qualifiers_and_anonymous_members()
    {
        var types = new BtfFile(Kernel());

        Assert.Equal([72, 40], types.Offsets("file", "f_path.dentry->d_name.name"));
        Assert.Equal([32, 80], types.Offsets("file", "f_inode->i_size"));
        Assert.Equal([64], types.Offsets("file", "f_path"));
    }

    [Theory]
    [InlineData("nothing", "f_path")]
    [InlineData("file", "nothing")]
    [InlineData("file", "f_path.nothing")]
    [InlineData("file", "f_path->dentry")] // embedded, no pointer
    [InlineData("file", "f_mode")] // a bit field
    [InlineData("size_t", "x")]
    public void Missing_structure_or_member_is_null(string structure, string path) =>
        Assert.Null(new BtfFile(Kernel()).Offsets(structure, path));

    [Fact]
    public void Parameters_are_found_by_their_names()
    {
        var types = new BtfFile(Kernel());

        Assert.Equal(0, types.ParameterOf("kernel_read_file", "file"));
        Assert.Equal(2, types.ParameterOf("kernel_read_file", "buf"));
        Assert.Null(types.ParameterOf("kernel_read_file", "id"));
        Assert.Null(types.ParameterOf("inlined_away", "file"));
    }

    [Fact]
    public void Nested_members_have_their_written_offsets() =>
        Gen.Int[0, 4000].Array[1, 12].Sample(places =>
    {
        var writer = new BtfWriter();
        var inner = writer.Struct("", ("wanted", writer.Int("int"), places[0]));
        foreach (var place in places[1..])
            inner = writer.Struct("", ("other", 1, 0), ("", writer.Typedef("t", writer.Const(inner)), place));
        writer.Struct("outer", ("", inner, 8));

        Assert.Equal([8 + places.Sum()], new BtfFile(writer.ToBytes()).Offsets("outer", "wanted"));
    });

    [Fact]
    public void Typedef_cycle_throws()
    {
        var writer = new BtfWriter();
        writer.Typedef("a", 2);
        writer.Typedef("b", 1);
        writer.Struct("s", ("", 1, 0));

        Assert.Throws<BtfException>(() => new BtfFile(writer.ToBytes()).Offsets("s", "x"));
    }

    [Fact]
    public void Recursive_structure_terminates()
    {
        var writer = new BtfWriter();
        writer.Struct("s", ("", 1, 0), ("", 1, 8));

        Assert.Throws<BtfException>(() => new BtfFile(writer.ToBytes()).Offsets("s", "x"));
    }

    [Fact]
    public void Truncated_file_throws_or_finds_less()
    {
        var whole = Kernel();
        for (var length = 0; length < whole.Length; length++)
            Try(whole[..length]);
        Assert.Throws<BtfException>(() => new BtfFile(whole[..40]));
        Assert.Throws<BtfException>(() => new BtfFile([]));
    }

    [Fact]
    public void Damaged_file_throws_or_is_harmless() =>
        Gen.Select(Gen.Int[0, 10_000], Gen.Byte).Array[1, 8].Sample(damages =>
        {
            var bytes = Kernel();
            foreach (var (at, value) in damages)
                bytes[at % bytes.Length] = value;
            Try(bytes);
        });

    /// <summary>Anything but a <see cref="BtfException"/> fails the test.</summary>
    static void Try(byte[] bytes)
    {
        try
        {
            var types = new BtfFile(bytes);
            _ = types.Offsets("file", "f_path.dentry->d_name.name");
            _ = types.Offsets("file", "f_inode->i_size");
            _ = types.ParameterOf("kernel_read_file", "buf");
        }
        catch (BtfException)
        {
            // reported
        }
    }

    /// <summary>A small kernel with a layout like 6.1.</summary>
    static byte[] Kernel()
    {
        var writer = new BtfWriter();
        var number = writer.Int("unsigned int");
        var size = writer.Typedef("size_t", number);
        var text = writer.Pointer(writer.Const(number));
        var hash = writer.Struct("", ("hash", number, 0), ("len", number, 4));
        var qstr = writer.Struct("qstr", ("", writer.Union("", ("", hash, 0), ("hash_len", number, 0)), 0),
            ("name", text, 8));
        var dentry = writer.Pointer(
            writer.Struct("dentry", ("d_flags", number, 0), ("d_name", writer.Typedef("qstr_t", qstr), 32)));
        var inode = writer.Pointer(writer.Struct("inode", ("i_size", size, 80)));
        var path = writer.Struct("path", ("mnt", text, 0), ("dentry", dentry, 8));
        writer.StructWithBitField("file", ("f_mode", number, 12), ("f_inode", inode, 32), ("f_path", path, 64));
        writer.Function("kernel_read_file", ("file", text), ("offset", size), ("buf", text));
        return writer.ToBytes();
    }
}
