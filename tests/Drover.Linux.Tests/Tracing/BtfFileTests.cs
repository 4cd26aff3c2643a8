using CsCheck;
using Drover.Linux.Tracing;

namespace Drover.Linux.Tests.Tracing;

public sealed class BtfFileTests
{
    [Fact]
    public void A_path_goes_through_pointers_typedefs_qualifiers_and_anonymous_members()
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
    [InlineData("file", "f_path->dentry")] // in place, no pointer
    [InlineData("file", "f_mode")] // a bit field
    [InlineData("size_t", "x")]
    public void What_the_kernel_has_not_is_null(string structure, string path) => Assert.Null(new BtfFile(Kernel()).Offsets(structure, path));

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
    public void Members_lie_where_they_were_put_however_deep_they_are_nested() => Gen.Int[0, 4000].Array[1, 12].Sample(places =>
    {
        var writer = new BtfWriter();
        var inner = writer.Struct("", ("wanted", writer.Int("int"), places[0]));
        foreach (var place in places[1..])
            inner = writer.Struct("", ("other", 1, 0), ("", writer.Typedef("t", writer.Const(inner)), place));
        writer.Struct("outer", ("", inner, 8));

        Assert.Equal([8 + places.Sum()], new BtfFile(writer.ToBytes()).Offsets("outer", "wanted"));
    });

    [Fact]
    public void A_cycle_of_typedefs_is_refused()
    {
        var writer = new BtfWriter();
        writer.Typedef("a", 2);
        writer.Typedef("b", 1);
        writer.Struct("s", ("", 1, 0));

        Assert.Throws<BtfException>(() => new BtfFile(writer.ToBytes()).Offsets("s", "x"));
    }

    [Fact]
    public void A_structure_that_contains_itself_twice_ends()
    {
        var writer = new BtfWriter();
        writer.Struct("s", ("", 1, 0), ("", 1, 8));

        Assert.Throws<BtfException>(() => new BtfFile(writer.ToBytes()).Offsets("s", "x"));
    }

    [Fact]
    public void A_file_that_ends_too_soon_is_refused_or_knows_less()
    {
        var whole = Kernel();
        for (var length = 0; length < whole.Length; length++)
            Try(whole[..length]);
        Assert.Throws<BtfException>(() => new BtfFile(whole[..40]));
        Assert.Throws<BtfException>(() => new BtfFile([]));
    }

    [Fact]
    public void Damage_is_refused_or_harmless() =>
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
            // said what is wrong
        }
    }

    /// <summary>A small kernel, laid out a little like 6.1.</summary>
    static byte[] Kernel()
    {
        var writer = new BtfWriter();
        var number = writer.Int("unsigned int");
        var size = writer.Typedef("size_t", number);
        var text = writer.Pointer(writer.Const(number));
        var hash = writer.Struct("", ("hash", number, 0), ("len", number, 4));
        var qstr = writer.Struct("qstr", ("", writer.Union("", ("", hash, 0), ("hash_len", number, 0)), 0), ("name", text, 8));
        var dentry = writer.Pointer(writer.Struct("dentry", ("d_flags", number, 0), ("d_name", writer.Typedef("qstr_t", qstr), 32)));
        var inode = writer.Pointer(writer.Struct("inode", ("i_size", size, 80)));
        var path = writer.Struct("path", ("mnt", text, 0), ("dentry", dentry, 8));
        writer.StructWithBitField("file", ("f_mode", number, 12), ("f_inode", inode, 32), ("f_path", path, 64));
        writer.Function("kernel_read_file", ("file", text), ("offset", size), ("buf", text));
        return writer.ToBytes();
    }
}
