using System.Text.Json;
using Drover.Modules.Tests;

namespace Drover.Linux.Tests.Tracing;

/// <summary>A type in the output of bpftool, under its number.</summary>
/// <param name="Name">Empty for an anonymous one.</param>
/// <param name="To">The target type of a pointer, typedef, qualifier or function; 0 for none.</param>
sealed record BpftoolType(string Kind, string Name, int To, BpftoolMember[] Members, string[] Parameters);

/// <param name="Name">Empty for an anonymous one.</param>
/// <param name="Bits">Its offset in bits.</param>
/// <param name="IsBitField">Its width comes from the structure, not from its type.</param>
sealed record BpftoolMember(string Name, int Type, long Bits, bool IsBitField);

/// <summary>The output of <c>bpftool btf dump</c>, an independent reader of BTF.</summary>
sealed class BpftoolTypes
{
    const string Nameless = "(anon)";

    readonly BpftoolType[] _types;

    BpftoolTypes(IEnumerable<BpftoolType> types) => _types = [new("VOID", "", 0, [], []), .. types];

    /// <summary>Without void, which is number 0.</summary>
    public int Count => _types.Length - 1;

    public BpftoolType this[int id] => _types[id];

    /// <param name="file">Bare BTF.</param>
    public static BpftoolTypes Read(string file)
    {
        using var document = JsonDocument.Parse(Tool.Run("bpftool", [], "-j", "btf", "dump", "file", file));
        return new BpftoolTypes(document.RootElement.GetProperty("types").EnumerateArray().Select((type, i) =>
        {
            Assert.Equal(i + 1, type.GetProperty("id").GetInt32());
            return new BpftoolType(
                type.GetProperty("kind").GetString()!,
                NameOf(type),
                Number(type, "type_id"),
                Each(type, "members", member =>
                    new BpftoolMember(NameOf(member), Number(member, "type_id"), Number(member, "bits_offset"),
                    Number(member, "bitfield_size") > 0)),
                Each(type, "params", NameOf));
        }));
    }

    /// <summary>Numbers of all types of a kind that have a name.</summary>
    public IEnumerable<int> Named(string kind) =>
        Enumerable.Range(1, Count).Where(id => _types[id].Kind == kind && _types[id].Name.Length > 0);

    /// <summary>The members that C finds by name, including those of anonymous structures and unions, with offsets from
    /// the start of the structure.</summary>
    public IEnumerable<BpftoolMember> Members(int id) => Behind(id).Members.SelectMany(member => member.Name.Length > 0
        ? [member]
        : Members(member.Type).Select(inner => inner with { Bits = inner.Bits + member.Bits }));

    /// <summary>The type behind typedefs and qualifiers.</summary>
    public BpftoolType Behind(int id)
    {
        while (_types[id].Kind is "TYPEDEF" or "CONST" or "VOLATILE" or "RESTRICT" or "TYPE_TAG")
            id = _types[id].To;
        return _types[id];
    }

    static T[] Each<T>(JsonElement type, string name, Func<JsonElement, T> read) =>
        type.TryGetProperty(name, out var all) ? [.. all.EnumerateArray().Select(read)] : [];

    static int Number(JsonElement of, string name) => of.TryGetProperty(name, out var number) ? number.GetInt32() : 0;

    static string NameOf(JsonElement of) =>
        of.GetProperty("name").GetString() is { } name && name != Nameless ? name : "";
}
