using System.Buffers.Binary;
using CsCheck;
using Drover.Modules.Index;

namespace Drover.Modules.Tests.Index;

public class IndexTrieTests
{
    static readonly string[] s_pieces = ["a", "b", "ab", "abc", "-", ":", "*", "*", "?", "[ab]", "[!a]", "[a-c]",
        "[]b]", "\\a", "\\", "[[:alpha:]]", "[", "]"];

    static readonly Gen<string> s_key = Gen.Int[0, s_pieces.Length - 1].Select(i => s_pieces[i]).Array[0, 6]
        .Select(pieces => string.Concat(pieces));

    static readonly Gen<(string Key, string Value, uint Priority)[]> s_entries =
        Gen.Select(s_key, Gen.Int[0, 5].Select(i => $"m{i}"), Gen.UInt[0, 3]).Array[0, 30];

    // no wildcards, for which a walk finds values twice: the comparison with libkmod covers that
    static readonly Gen<string> s_text = Gen.Char["aaabbbccc-:\\]"].Array[0, 8].Select(chars => new string(chars));

    [Fact]
    public void Match_agrees_with_fnmatch_on_every_pattern() =>
        Gen.Select(s_entries, s_text.Array[1, 10]).Sample((entries, texts) =>
    {
        var trie = Build(entries);
        foreach (var text in texts) Assert.Equal(ReferenceMatch.Match(entries, text), trie.Match(text));
    }, iter: 20_000);

    [Fact]
    public void Match_handles_long_texts() =>
        Gen.Select(s_entries, s_text, Gen.Int[50, 300]).Sample((entries, text, length) =>
    {
        string padding = new('z', length);
        var padded = entries.Select(e => (padding + e.Key, e.Value, e.Priority))
            .Concat(entries.Select(e => ("*" + e.Key, e.Value, e.Priority + 10))).ToArray();
        var trie = Build(padded);
        Assert.Equal(ReferenceMatch.Match(padded, padding + text), trie.Match(padding + text));
    }, iter: 5_000);

    [Fact]
    public void Find_returns_the_first_value_of_a_key() => s_entries.Sample(entries =>
    {
        var trie = Build(entries);
        foreach (var key in entries.Select(e => e.Key).Concat(["", "a", "zz", "ä"]))
        {
            var expected = entries.Select((e, i) => (e, i)).Where(e => e.e.Key == key).OrderBy(e => e.e.Priority)
                .ThenByDescending(e => e.i).Select(e => e.e.Value).FirstOrDefault();
            Assert.Equal(expected, trie.Find(key));
        }
    }, iter: 2_000);

    [Fact]
    public void Entries_returns_all_added_entries() => s_entries.Sample(entries =>
    {
        var expected = entries.Select(e => $"{e.Key} {e.Value}").Order(StringComparer.Ordinal);
        Assert.Equal(expected, Build(entries).Entries().Select(e => $"{e.Key} {e.Value}")
            .Order(StringComparer.Ordinal));
    }, iter: 2_000);

    [Fact]
    public void Empty_index_has_only_a_header() =>
        Assert.Equal("B007F457000200010000000C", Convert.ToHexString(new IndexBuilder().ToBytes()));

    [Fact]
    public void ToBytes_writes_nodes_in_pre_order()
    {
        IndexBuilder builder = new();
        builder.Add("ab", "x", 1);
        builder.Add("ac", "y", 2);
        builder.Add("ac", "z", 2);
        // root: arc a → prefix "" arcs b, c → values
        const string expected =
            "B007F457" + "00020001" + "2000000C"
            + "6161" + "20000012"
            + "6263" + "4000001C" + "40000026"
            + "00000001" + "00000001" + "7800"
            + "00000002" + "00000002" + "7A00" + "00000002" + "7900";
        Assert.Equal(expected, Convert.ToHexString(builder.ToBytes()));
    }

    [Fact]
    public void Empty_file_is_an_index_without_entries()
    {
        IndexTrie trie = new(ReadOnlyMemory<byte>.Empty, "empty.bin");
        Assert.Null(trie.Find("a"));
        Assert.Empty(trie.Match("a"));
        Assert.Empty(trie.Entries());
    }

    [Theory]
    [InlineData("B007F4", 3)]
    [InlineData("B007F458000200010000000C", 0)]
    [InlineData("B007F457000300010000000C", 4)]
    public void File_of_another_format_is_rejected_on_opening(string hex, long offset)
    {
        var bad = Assert.Throws<ModuleDataException>(() => new IndexTrie(Convert.FromHexString(hex), "x.bin"));
        Assert.Equal(("x.bin", offset), (bad.File, bad.Offset));
    }

    [Theory]
    [InlineData("2000FFFF")] // out of the file
    [InlineData("20000004")] // into the header
    [InlineData("2000000C2A2A2000000C")] // the arc * leads back to the root
    [InlineData("8000000C2A2A2A")] // a prefix without end
    [InlineData("2000000C7F2A")] // first > last
    [InlineData("2000000C61FF")] // last beyond ASCII
    [InlineData("4000000CFFFFFFFF")] // a count beyond the file
    [InlineData("4000000C000000010000000061")] // a value without end
    [InlineData("C000000C2A0000000001")] // cut off
    public void Damage_gives_file_and_offset(string root)
    {
        var bytes = Convert.FromHexString("B007F45700020001" + root);
        IndexTrie trie = new(bytes, "x.bin");
        var bad = Assert.Throws<ModuleDataException>(() => trie.Match(""));
        Assert.Equal("x.bin", bad.File);
        Assert.InRange(bad.Offset, 0, 0x0FFFFFFF);
        Assert.Throws<ModuleDataException>(() => trie.Entries().Count());
    }

    [Fact]
    public void Cycle_of_literal_arcs_ends_with_the_text()
    {
        IndexTrie trie = new(Convert.FromHexString("B007F457000200012000000C61612000000C"), "x.bin");
        Assert.Empty(trie.Match("aaaa"));
        Assert.Throws<ModuleDataException>(() => trie.Entries().Count());
    }

    [Fact]
    public void Nodes_that_share_children_are_rejected_early()
    {
        // forty levels, each with the arcs * and ? to the one below: 2^40 paths
        const int levels = 40, arcs = '?' - '*' + 1, size = 2 + arcs * 4;
        var bytes = new byte[12 + levels * size];
        Convert.FromHexString("B007F457000200012000000C").CopyTo(bytes, 0);
        for (var level = 0; level < levels - 1; level++)
        {
            var at = 12 + level * size;
            (bytes[at], bytes[at + 1]) = ((byte)'*', (byte)'?');
            foreach (var arc in new[] { 0, arcs - 1 })
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at + 2 + arc * 4), 0x20000000 | (uint)(at + size));
        }
        (bytes[^size], bytes[^(size - 1)]) = ((byte)'a', (byte)('a' + arcs - 1));
        IndexTrie trie = new(bytes, "x.bin");
        Assert.Throws<ModuleDataException>(() => trie.Match(new string('x', 100)));
        Assert.Throws<ModuleDataException>(() => trie.Entries().Count());
    }

    [Fact]
    public void Unclosed_brackets_exceed_the_allowance()
    {
        IndexBuilder builder = new();
        for (var i = 1; i < 1300; i++) builder.Add(string.Concat(Enumerable.Repeat("[\\]", i)), "m", 0);
        IndexTrie trie = new(builder.ToBytes(), "x.bin");
        Assert.Throws<ModuleDataException>(() => trie.Match(string.Concat(Enumerable.Repeat("[]", 1000))));
    }

    [Fact]
    public void Lookup_allocates_only_its_result()
    {
        var trie = Build([("usb:v*p[0-9]*d*", "module", 0), ("usb:v*d[[:alpha:]]*", "module", 0),
            ("usb", "module", 0)]);
        Assert.Equal(0, Allocated(() => trie.Match("usb:v1234q0000d0123")));
        Assert.Equal(0, Allocated(() => trie.Match("pci:v1234")));
        Assert.Equal(0, Allocated(() => trie.Find("pci:v1234")));
        // an array of one, 32 bytes, and a string of six characters, 40
        Assert.InRange(Allocated(() => trie.Match("usb:v1234p0000d0123")), 1, 72);
        Assert.InRange(Allocated(() => trie.Find("usb")), 1, 40);

        static long Allocated(Action look)
        {
            for (var i = 0; i < 100; i++) look();
            var before = GC.GetAllocatedBytesForCurrentThread();
            look();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void Large_file_is_read_in_blocks_on_demand()
    {
        using TemporaryRoot root = new();
        var entries = Enumerable.Range(0, 20_000).Select(i => ($"dev:v{i:X5}*", $"module_{i}", (uint)i)).ToArray();
        IndexBuilder builder = new();
        foreach ((var key, var value, var priority) in entries) builder.Add(key, value, priority);
        var file = root.Path + "/large.bin";
        File.WriteAllBytes(file, builder.ToBytes());
        IndexTrie untouched = IndexTrie.Load(file), truncated = IndexTrie.Load(file);
        // from four threads, past the point where the rest is read at once
        Parallel.For(0, entries.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 },
            i => Assert.Equal([$"module_{i}"], untouched.Match($"dev:v{i:X5}d1")));
        Assert.Equal(entries.Length, untouched.Entries().Count());
        Assert.Equal(["module_5"], truncated.Match("dev:v00005"));
        using (var shorter = File.OpenWrite(file)) shorter.SetLength(100_000);
        Assert.Equal(["module_5"], truncated.Match("dev:v00005"));
        Assert.Throws<ModuleDataException>(() => truncated.Entries().Count());
    }

    [Fact]
    public void Text_that_no_key_can_hold_is_not_found()
    {
        var trie = Build([("*", "m", 0)]);
        Assert.Equal(["m"], trie.Match("é"));
        Assert.Empty(trie.Match("a\0b"));
        Assert.Empty(trie.Match(new string('a', 5000)));
        Assert.Null(trie.Find(new string('a', 5000)));
    }

    [Theory]
    [InlineData("ä", "v")]
    [InlineData("a\0", "v")]
    [InlineData("a", "v\0")]
    public void Builder_rejects_what_an_index_cannot_hold(string key, string value) =>
        Assert.Throws<ArgumentException>(() => new IndexBuilder().Add(key, value, 0));

    internal static IndexTrie Build(IEnumerable<(string Key, string Value, uint Priority)> entries)
    {
        IndexBuilder builder = new();
        foreach ((var key, var value, var priority) in entries) builder.Add(key, value, priority);
        return new IndexTrie(builder.ToBytes(), "built.bin");
    }
}
