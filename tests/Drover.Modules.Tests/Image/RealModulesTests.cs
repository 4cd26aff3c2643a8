using System.Collections.Concurrent;
using System.Text;
using Drover.Kernel;
using Drover.Modules.Containers;
using Drover.Modules.Image;

namespace Drover.Modules.Tests.Image;

/// <summary>Compares every module of Debian's kernels (a sample, by default) with kmod and xz.</summary>
public sealed class RealModulesTests(ITestOutputHelper output)
{
    const int PlainSample = 400, XzSample = 300, PackedSample = 40;

    /// <summary>modinfo's fields of the signature, which are not in .modinfo.</summary>
    static readonly string[] s_signatureFields = ["sig_id", "signer", "sig_key", "sig_hashalgo", "signature"];

    [Theory]
    [MemberData(nameof(KernelTrees.Names), MemberType = typeof(KernelTrees))]
    public void Modules_agree_with_modinfo(string kernel) =>
        AssertAllEqual(FuzzCases.Sample(KernelTrees.Modules(kernel), XzSample), AgainstModinfo, tool: "modinfo");

    [Fact]
    public void Xz_modules_decompress_as_by_xz() => AssertAllEqual(FuzzCases.Sample(KernelTrees.Xz, XzSample), path =>
    {
        var image = ModuleFile.ReadImage(path);
        if (!image.AsSpan().SequenceEqual(Tool.Run("xz", [], "-dc", path)))
            return "decompressed bytes differ";
        var measured = ModuleFile.Measure(path);
        var expected = new ModuleFileSize(new FileInfo(path).Length, image.Length)
        {
            Compression = ModuleCompression.Xz,
        };
        return measured == expected ? null : $"measured as {measured}";
    }, tool: "xz");

    [Fact]
    public void Plain_modules_measure_as_their_layout() =>
        AssertAllEqual(FuzzCases.Sample(KernelTrees.Plain, PlainSample), path =>
    {
        var measured = ModuleFile.Measure(path);
        var image = ModuleImage.Parse(ModuleFile.ReadImage(path), path);
        return measured == new ModuleFileSize(new FileInfo(path).Length, image.ImageBytes) ? null
            : $"measured as {measured}, not {image.ImageBytes}";
    });

    [Theory]
    [InlineData("gzip", ModuleCompression.Gzip)]
    [InlineData("zstd", ModuleCompression.Zstd)]
    public void Modules_repacked_by_a_tool_are_decompressed(string tool, ModuleCompression compression) =>
        AssertAllEqual(FuzzCases.Sample(KernelTrees.Plain, PackedSample), path =>
    {
        var packed = Tool.Run(tool, [], "-c", path);
        var plain = File.ReadAllBytes(path);
        if (!ModuleFile.Decompress(packed, path).AsSpan().SequenceEqual(plain))
            return "decompressed bytes differ";
        var measured = ModuleFile.Measure(new MemorySource(packed, path));
        var expected = new ModuleFileSize(packed.Length, plain.Length) { Compression = compression };
        return measured == expected ? null : $"measured as {measured}";
    }, tool);

    static string? AgainstModinfo(string path)
    {
        var image = ModuleImage.Parse(ModuleFile.ReadImage(path), path);
        // the first line is "filename: PATH", the others are "key=value", then parameters as formatted text
        var lines = Modinfo("-0", path)[1..];
        var theirs = lines.Where(line => !line.StartsWith("parm:", StringComparison.Ordinal)
            && !s_signatureFields.Contains(line.Split('=')[0])).ToArray();
        var ours = image.Info.Where(pair => pair.Key is not ("parm" or "parmtype"))
            .Select(pair => $"{pair.Key}={pair.Value}").ToArray();
        if (!ours.SequenceEqual(theirs))
            return $"ours {ours.Except(theirs).FirstOrDefault()}, modinfo's {theirs.Except(ours).FirstOrDefault()}";
        var theirParameters = lines.Where(line => line.StartsWith("parm:", StringComparison.Ordinal))
            .Select(line => line["parm:".Length..].TrimStart(' '));
        var ourParameters = Parameters(image).Order(StringComparer.Ordinal);
        if (!ourParameters.SequenceEqual(theirParameters.Order(StringComparer.Ordinal)))
            return $"parameters: ours {string.Join(" / ", Parameters(image))}";
        var isSigned = ModuleDescription.Read(path).Any(field => field.Key == "sig_id");
        if (isSigned != lines.Any(line => line.StartsWith("sig_id=", StringComparison.Ordinal)))
            return $"signature: ours {isSigned}";
        return image.Name == Path.GetFileName(path).Split('.')[0].Replace('-', '_') ? null : $"named {image.Name}";
    }

    /// <summary>modinfo's line for parm= and parmtype= of a parameter.</summary>
    static IEnumerable<string> Parameters(ModuleImage image)
        => image.Info.Where(pair => pair.Key is "parm" or "parmtype").GroupBy(pair => pair.Value.Split(':')[0])
            .Select(group =>
        {
            string? Last(string key) =>
                group.LastOrDefault(pair => pair.Key == key).Value is { } value ? value[(group.Key.Length + 1)..]
                    : null;
            return (Last("parm"), Last("parmtype")) switch
            {
                ({ } about, { } type) => $"{group.Key}:{about} ({type})",
                ({ } about, null) => $"{group.Key}:{about}",
                (_, var type) => $"{group.Key}:{type}",
            };
        });

    static string[] Modinfo(params string[] arguments)
        => Encoding.UTF8.GetString(Tool.Run("modinfo", [], arguments))
            .Split('\0', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Runs <paramref name="compare"/>, which returns a difference or null and may run
    /// <paramref name="tool"/>, on each path.</summary>
    void AssertAllEqual(string[] paths, Func<string, string?> compare, string? tool = null)
    {
        if (tool is not null)
            Tool.Require(tool);
        var differences = new ConcurrentQueue<string>();
        Parallel.ForEach(paths, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, path =>
        {
            if (compare(path) is { } difference)
                differences.Enqueue($"{path}: {difference}");
        });
        output.WriteLine($"{paths.Length} modules");
        Assert.True(differences.IsEmpty, $"{differences.Count} differ: {string.Join("; ", differences.Take(3))}");
    }
}
