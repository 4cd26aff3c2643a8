using Drover.Kernel;
using Drover.Modules.Containers;
using Drover.Modules.Image;

namespace Drover.Modules.Tests.Image;

/// <summary>Damaged modules, plain and packed, are read or give <see cref="ModuleDataException"/>.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    /// <summary>Percent of the cases: each runs a program.</summary>
    const int OracleShare = 5;

    [Fact]
    public void Damaged_module_is_read_or_gives_ModuleDataException()
    {
        var inputs = Inputs();
        var (cases, read) = (0, 0);
        FuzzCases.Run(nameof(Damaged_module_is_read_or_gives_ModuleDataException), seed =>
        {
            var mutator = new Mutator(seed);
            var damaged = mutator.Mutate(mutator.Pick(inputs));
            // half of them with corrected checksums, as an attacker would send
            if (seed % 2 == 0)
                XzWriter.Repair(damaged);
            cases++;
            read += Reads(damaged) ? 1 : 0;
        });
        output.WriteLine($"{cases} mutations, {read} of them still read");
    }

    /// <summary>Without a checksum of the contents, a decoder that differs from liblzma is detected.</summary>
    [Fact]
    public void Damaged_xz_without_check_decodes_as_by_liblzma()
    {
        var packed = Tool.Run("xz", Text(), "-c", "--check=none", "--lzma2=dict=4KiB");
        var (cases, accepted) = (0, 0);
        FuzzCases.Run(nameof(Damaged_xz_without_check_decodes_as_by_liblzma), seed =>
        {
            var damaged = new Mutator(seed).Mutate(packed);
            if (seed % 2 == 0)
                XzWriter.Repair(damaged);
            if (ModuleFile.CompressionOf(damaged) != ModuleCompression.Xz)
                return;
            cases++;
            var theirs = ByXz(damaged);
            byte[]? ours = null;
            var why = "accepted";
            try
            {
                ours = ModuleFile.Decompress(damaged, "m.ko");
                accepted++;
            }
            catch (ModuleDataException e)
            {
                why = e.Message;
            }
            Assert.True((ours is null && theirs is null) || (ours is not null && theirs is not null && ours.AsSpan()
                .SequenceEqual(theirs)),
                $"ours {ours?.Length.ToString() ?? "refused"} ({why}), xz's {theirs?.Length.ToString() ?? "refused"}");
        }, OracleShare);
        output.WriteLine($"{cases} mutations, {accepted} of them accepted by both");
    }

    static bool Reads(byte[] damaged)
    {
        try
        {
            ModuleFile.Measure(new MemorySource(damaged, "m.ko"));
        }
        catch (ModuleDataException)
        {
            // rejected; decompressing must also end
        }
        try
        {
            ModuleImage.Parse(ModuleFile.Decompress(damaged, "m.ko"), "m.ko");
            return true;
        }
        catch (ModuleDataException)
        {
            return false;
        }
    }

    static List<byte[]> Inputs()
    {
        var inputs = new List<byte[]>();
        foreach (var is64 in new[] { true, false })
        {
            foreach (var bigEndian in new[] { true, false })
            {
                foreach (var extended in new[] { true, false })
                {
                    inputs.Add(new ElfWriter(is64, bigEndian) { Extended = extended }
                        .AddInfo("license=MIT", "alias=of:N*T*Cx,y", "depends=a,b", "parm=p:how", "parmtype=p:int")
                        .Add(".text", TestSection.Alloc | TestSection.Exec, new byte[99], 16)
                        .Add(new TestSection(".bss", TestSection.Alloc | TestSection.Write, 32, [], NoBits: 5000))
                        .AddThisModule("fuzzed").ToBytes());
                }
            }
        }
        var module = ModuleFileTests.SmallModule();
        inputs.Add(XzWriter.Stream(1, module));
        inputs.Add(XzWriter.Stream(4, module, Text(), []));
        inputs.Add([.. XzWriter.Stream(0, module), 0, 0, 0, 0, .. XzWriter.Stream(10, Text())]);
        inputs.Add(Tool.Run("xz", module, "-c", "--check=crc32", "--lzma2=dict=1MiB"));
        inputs.Add(Tool.Run("xz", module, "-c", "--check=none"));
        inputs.Add(Tool.Run("xz", Text(), "-c", "--check=none"));
        inputs.Add(Tool.Run("gzip", module, "-c"));
        inputs.Add(Tool.Run("gzip", Text(), "-c"));
        inputs.Add(Tool.Run("zstd", module, "-c", "--no-check"));
        inputs.Add(Tool.Run("zstd", Text(), "-c", "-19", "--no-check"));
        inputs.Add(Tool.Run("zstd", module, "-c", "--stream-size=" + module.Length));
        return inputs;
    }

    static byte[] Text() =>
        [.. Enumerable.Range(0, 6000).SelectMany(i => System.Text.Encoding.UTF8.GetBytes(
            $"{i * i % 997:x} and {i % 7} "))];

    static byte[]? ByXz(byte[] packed)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, packed);
            var result = Tool.Try("xz", ["-dcqq", "--format=xz", "--memlimit-decompress=0", path]);
            return result.Succeeded ? result.Bytes : null;
        }
        finally
        {
            File.Delete(path);
        }
    }
}
