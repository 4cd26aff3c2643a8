using Drover.Linux.Tracing;
using Drover.Modules.Tests;

namespace Drover.Linux.Tests.Tracing;

/// <summary>The BTF of Debian's kernels, compared with the output of bpftool: every member of every structure and every
/// parameter of every function, by type number. Look-ups by name search all types, so they are sampled.</summary>
public sealed class BtfBesideBpftoolTests(ITestOutputHelper output)
{
    const int StructuresToOneByName = 40, FunctionsToOneByName = 200;

    /// <summary>Debian's 6.1 has 7,793 structures and 44,546 functions: far fewer would make the test void.</summary>
    const int LeastStructures = 5_000, LeastFunctions = 20_000;

    static readonly Dictionary<string,
        Lazy<(BtfFile, BpftoolTypes)>> s_kernels = new[] { "6.1", "6.12" }.ToDictionary(name =>
        name, name => new Lazy<(BtfFile, BpftoolTypes)>(() => Read(name)));

    public static TheoryData<string> Kernels => new(s_kernels.Keys);

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Member_offsets_agree_with_bpftool(string kernel)
    {
        var (ours, theirs) = s_kernels[kernel].Value;
        var (structures, members) = (theirs.Named("STRUCT").ToList(), 0);
        foreach (var id in structures)
        {
            foreach (var member in theirs.Members(id).DistinctBy(member => member.Name))
            {
                Same(Place(member), ours.Offsets(id, member.Name), id, member.Name);
                members++;
                if (Through(theirs, member) is (var path, var places))
                    Same(places, ours.Offsets(id, path), id, path);
            }
        }
        var first = structures.DistinctBy(id => theirs[id].Name).Where((_, i) => i % StructuresToOneByName == 0);
        foreach (var (id, member) in first.SelectMany(id => theirs.Members(id).Take(1).Select(member => (id, member))))
            Same(Place(member), ours.Offsets(theirs[id].Name, member.Name), id, member.Name);
        output.WriteLine($"{members} members of {structures.Count} structures");
        Assert.True(structures.Count >= LeastStructures);

        void Same(int[]? expected, IReadOnlyList<int>? actual, int id, string path) =>
            Assert.True(expected is null
                ? actual is null
                : actual is not null &&
                expected.SequenceEqual(actual),
                $"{id} struct {theirs[id].Name}, {path}: {Text(actual)}, bpftool says {Text(expected)}");
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Parameters_agree_with_bpftool(string kernel)
    {
        var (ours, theirs) = s_kernels[kernel].Value;
        var (functions, parameters) = (theirs.Named("FUNC").ToList(), 0);
        foreach (var id in functions)
        {
            var names = theirs[theirs[id].To].Parameters;
            foreach (var name in names.Where(name => name.Length > 0))
            {
                Same(Array.IndexOf(names, name), ours.ParameterOf(id, name), id, name);
                parameters++;
            }
            Same(null, ours.ParameterOf(id, "of no function"), id, "of no function");
        }
        foreach (var id in functions.DistinctBy(id => theirs[id].Name).Where((_, i) => i % FunctionsToOneByName == 0))
        {
            var names = theirs[theirs[id].To].Parameters;
            if (names is [.., { Length: > 0 } last])
                Same(Array.IndexOf(names, last), ours.ParameterOf(theirs[id].Name, last), id, last);
        }
        output.WriteLine($"{parameters} parameters of {functions.Count} functions");
        Assert.True(functions.Count >= LeastFunctions);

        void Same(int? expected, int? actual, int id, string name) =>
            Assert.True(expected == actual, $"{id} {theirs[id].Name}, {name}: {actual}, bpftool says {expected}");
    }

    /// <summary>Null for a bit field, which has no byte offset.</summary>
    static int[]? Place(BpftoolMember member) =>
        member.IsBitField || member.Bits % 8 != 0 ? null : [(int)(member.Bits / 8)];

    /// <summary>From a member to the last one of its structure, embedded or by pointer; null for
    /// any other type.</summary>
    static (string Path, int[]? Places)? Through(BpftoolTypes types, BpftoolMember member)
    {
        var isPointer = types.Behind(member.Type).Kind == "PTR";
        var on = types.Members(isPointer ? types.Behind(member.Type).To : member.Type).LastOrDefault();
        if (on is null || Place(member) is not [var at])
            return null;
        return ($"{member.Name}{(isPointer ? "->" : ".")}{on.Name}", Place(on) is not [var further]
            ? null
            : isPointer
            ? [at, further]
            : [at + further]);
    }

    static (BtfFile, BpftoolTypes) Read(string kernel)
    {
        Tool.Require("bpftool");
        var bytes = KernelBtf.Of(KernelTrees.Image(kernel));
        using var folder = new TestDirectory();
        File.WriteAllBytes(folder["btf"], bytes);
        var (ours, theirs) = (new BtfFile(bytes), BpftoolTypes.Read(folder["btf"]));
        Assert.Equal(theirs.Count, ours.TypeCount);
        return (ours, theirs);
    }

    static string Text(IEnumerable<int>? offsets) => offsets is null ? "nothing" : string.Join(", ", offsets);
}
