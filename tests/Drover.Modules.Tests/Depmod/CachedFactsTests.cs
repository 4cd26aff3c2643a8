using CsCheck;
using Drover.Modules.Depmod;

namespace Drover.Modules.Tests.Depmod;

public class CachedFactsTests
{
    static readonly Gen<byte[]> Name = Gen.Byte[1, 127].Array[1, 40];

    static readonly Gen<(byte[] Name, ulong Version, bool IsWeak)[]> Needs = Gen.Select(
        Name, Gen.ULong, Gen.Bool).Array[0, 20];

    [Fact]
    public void TryRead_returns_what_Write_encoded()
    {
        Gen.Select(Needs, Name.Array[0, 5], Name.Array[0, 5], Gen.Bool, Gen.Long).Array[0, 5].Sample(drawn =>
        {
            var needs = new NeedTable();
            var modules = drawn.Select((draw, i) => Module(i, draw.Item1, draw.Item2, draw.Item3, draw.Item4,
                draw.Item5, needs)).ToArray();
            var read = new Dictionary<string, (FileIdentity Identity, ModuleFacts Facts)>();
            // another need first changes the numbers
            var others = new NeedTable();
            others.Add("other"u8, 1, false);
            Assert.True(CachedFacts.TryRead(CachedFacts.Write(modules, needs), others, read));
            Assert.Equal(modules.Length, read.Count);
            foreach (var module in modules)
            {
                var (identity, facts) = read[module.Path];
                Assert.Equal(module.Identity, identity);
                Assert.Equal(module.Facts.Text, facts.Text);
                Assert.Equal((module.Facts.ExportCount, module.Facts.AliasCount),
                    (facts.ExportCount, facts.AliasCount));
                Assert.Equal(module.Facts.ExportVersions, facts.ExportVersions);
                Assert.Equal(Describe(module.Facts, needs), Describe(facts, others));
            }
        }, iter: 300);
    }

    [Fact]
    public void Damaged_bytes_are_rejected_or_read()
    {
        var needs = new NeedTable();
        (byte[], ulong, bool)[] needed = [("a"u8.ToArray(), 7, true), ("b"u8.ToArray(), 0, false)];
        DepmodModule[] modules =
        [
            Module(1, needed, ["x"u8.ToArray()], ["y"u8.ToArray()], true, 5, needs),
            Module(2, [], [], [], false, 6, needs),
        ];
        var good = CachedFacts.Write(modules, needs);
        FuzzCases.Run(nameof(Damaged_bytes_are_rejected_or_read), seed =>
        {
            var read = new Dictionary<string, (FileIdentity, ModuleFacts Facts)>();
            if (!CachedFacts.TryRead(new Mutator(seed).Mutate(good), new NeedTable(), read))
                return;
            foreach (var (_, facts) in read.Values)
            {
                foreach (var text in facts.Exports)
                    Assert.True(text.Length <= good.Length * 8);
                foreach (var text in facts.SoftDependencies)
                    Assert.True(text.Length <= good.Length * 8);
            }
        });
    }

    static string[] Describe(ModuleFacts facts, NeedTable needs) =>
        [.. facts.Needs.Select(
            need => $"{Convert.ToHexString(needs.Name(need))} {needs.Version(need)} {needs.IsWeak(need)}")];

    static DepmodModule Module(int number, (byte[] Name, ulong Version, bool IsWeak)[] needed, byte[][] exports,
        byte[][] aliases, bool hasVersions, long time, NeedTable needs) =>
        new($"/modules/m{number}.ko", "/modules", $"m{number}", new FileIdentity(1, (ulong)number, 2, time, ~time))
        {
            Facts = new ModuleFacts
            {
                Text = [.. exports.Concat(aliases).SelectMany(text => text.Append((byte)0))],
                ExportCount = exports.Length,
                AliasCount = aliases.Length,
                ExportVersions = hasVersions ? [.. exports.Select(export => (ulong)export.Length)] : [],
                Needs = [.. needed.Select(need => needs.Add(need.Name, need.Version, need.IsWeak))],
            },
        };
}
