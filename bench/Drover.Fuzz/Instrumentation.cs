using System.Runtime.InteropServices;
using SharpFuzz;
using SharpFuzz.Common;

namespace Drover.Fuzz;

/// <summary>Coverage, by SharpFuzz: each branch of an instrumented assembly is counted.</summary>
static class Instrumentation
{
    /// <summary>afl-fuzz gives as many.</summary>
    public const int MapBytes = 1 << 16;

    /// <summary>Of our assemblies and zstd's decoder, which works on pointers.</summary>
    static readonly string[] s_assemblies = ["Drover.*.dll", "drover.dll", "drover-study.dll", "ZstdSharp.dll"];

    /// <summary>Rewrites assemblies in place.</summary>
    /// <param name="countsSteps">Each branch also calls <see cref="Trace.OnBranch"/>.</param>
    public static int Add(string directory, bool countsSteps)
    {
        if (countsSteps)
            Environment.SetEnvironmentVariable("SHARPFUZZ_ENABLE_ON_BRANCH_CALLBACK", "1");
        foreach (var assembly in s_assemblies.SelectMany(pattern => Directory.GetFiles(directory, pattern)))
        {
            if (Path.GetFileName(assembly) != "Drover.Fuzz.dll")
                Fuzzer.Instrument(assembly, _ => true, Options.Value);
        }
        return 0;
    }

    /// <summary>Must be called before any instrumented code.</summary>
    /// <param name="onBranch">Called at each branch where the assemblies count steps.</param>
    public static unsafe void Start(Action? onBranch = null)
    {
        Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(MapBytes);
        Trace.OnBranch = (_, _) => onBranch?.Invoke();
    }

    /// <summary>Forgets the branches taken so far.</summary>
    public static unsafe void Clear()
    {
        new Span<byte>(Trace.SharedMem, MapBytes).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>The branches taken since, each as the pair of places that afl-fuzz knows it by.</summary>
    public static unsafe IReadOnlyList<int> Branches()
    {
        var map = new ReadOnlySpan<byte>(Trace.SharedMem, MapBytes);
        var branches = new List<int>();
        for (var i = 0; i < map.Length; i++)
        {
            if (map[i] != 0)
                branches.Add(i);
        }
        return branches;
    }

    public static byte[] ReadAll(Stream stream)
    {
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
