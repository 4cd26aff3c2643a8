using Drover.Model.Herds;
using Drover.Model.Kernel;
using Drover.Modules;

namespace Drover.Study.Audit;

/// <summary>How modules enter a kernel when udev loads them, and whether its gate applies.</summary>
/// <param name="Gate">The gate of the release; null if the release has no version.</param>
/// <param name="Kmod">The version of kmod; null if unknown.</param>
/// <param name="Files">The compression of module files.</param>
/// <param name="Decompresses">The compression that the kernel supports; null if unknown.</param>
sealed record LoadPath(
    string Kernel, GateKind? Gate, int? Kmod, ModuleCompression Files, ModuleCompression? Decompresses)
{
    /// <summary>The kernel reads the files as they are; otherwise every loader decompresses them.</summary>
    public bool KernelReadsFiles => Files is ModuleCompression.None || (Decompresses ?? Files) == Files;

    /// <summary>udev calls finit_module, the only call that a gate protects.</summary>
    public bool IsThroughGate =>
        Files is ModuleCompression.None
        || (KernelReadsFiles && Kmod is null or >= KmodVersion.FirstWithKernelDecompression);

    /// <summary>The kernel's side is not known, and decides who decompresses.</summary>
    public bool IsUndecided =>
        Files is not ModuleCompression.None && Decompresses is null
        && Kmod is null or >= KmodVersion.FirstWithKernelDecompression;

    /// <summary>The same with a kernel that decompresses nothing.</summary>
    public LoadPath WithoutDecompression => this with { Decompresses = ModuleCompression.None };

    public LoaderKind Udev => IsThroughGate ? LoaderKind.Udev : LoaderKind.UserDecompress;
    public GateKind ModelGate => Gate ?? GateKind.None;
    public bool BypassesGate => HasGate && !IsThroughGate;

    /// <summary>The kernel's gate, and whether calls go through it, in two sentences.</summary>
    public string Explain() => $"{GateSentence()} {CallSentence()}";

    string GateSentence() => Gate switch
    {
        null => $"The gate of kernel '{PlainText.Of(Kernel)}' is unknown (no version); none is assumed.",
        GateKind.None => $"Kernel {Kernel} has no gate (the first came with 6.4): "
            + "each duplicate reads, verifies and lays out its copy.",
        GateKind.EarlyCheck =>
            $"Kernel {Kernel} looks for a duplicate early (6.4, 064f4536d139), after reading the file.",
        _ => $"Kernel {Kernel} lets a duplicate wait for the first call's result (from 6.5, 9b9879fc0327).",
    };

    string CallSentence()
    {
        const int First = KmodVersion.FirstWithKernelDecompression;
        var kmod = Kmod is { } version ? $"kmod {version}" : "kmod";
        var format = NameOf(Files);
        var guarded = HasGate ? "calls are finit_module, which the gate guards" : "calls are finit_module";
        var unguarded = HasGate
            ? "calls init_module: this bypasses the gate"
            : "calls init_module, which later kernels' gates do not guard either";
        return this switch
        {
            { Files: ModuleCompression.None } => $"Module files are not compressed: {guarded}.",
            { KernelReadsFiles: false } =>
                $"It does not decompress {format} (CONFIG_MODULE_DECOMPRESS), so {kmod} does, and {unguarded}.",
            { IsThroughGate: false } =>
                $"{kmod} decompresses {format} by itself (before {First} it cannot let the kernel do it), "
                + $"and {unguarded}.",
            { Decompresses: null } =>
                $"Whether it decompresses {format} is not known: neither /sys/module of this kernel nor its "
                + $"configuration or System.map is here. If it does, {kmod} lets it; if not, {kmod} {unguarded}.",
            { Kmod: null } =>
                $"kmod is assumed to let it decompress {format} (from {First}), as its version is unknown: {guarded}.",
            _ => $"{kmod} lets it decompress {format}: {guarded}.",
        };
    }

    bool HasGate => Gate is not (null or GateKind.None);
    public static string NameOf(ModuleCompression compression) => compression.ToString().ToLowerInvariant();
}

/// <summary>The version of kmod in a root file system; udev uses the library of the same package.</summary>
static class KmodVersion
{
    /// <summary>The first version that lets the kernel decompress (kmod's NEWS); others call init_module.</summary>
    public const int FirstWithKernelDecompression = 31;

    const int MaxBytes = 8 << 20; // kmod has some 200 KB

    static readonly string[] s_places = ["usr/bin/kmod", "bin/kmod", "usr/sbin/kmod", "sbin/kmod"];

    /// <summary>Read from the program without running it; null if there is none, or it has no version.</summary>
    public static int? Find(string root) =>
        s_places.Select(place => Read(RootedPath.Find(root, Path.Join(root, place))))
            .FirstOrDefault(version => version is not null);

    /// <summary>The number in the text that <c>kmod --version</c> prints.</summary>
    internal static int? In(ReadOnlySpan<byte> program)
    {
        var words = "kmod version "u8;
        if (program.IndexOf(words) is not (>= 0 and var at))
            return null;
        var digits = program[(at + words.Length)..];
        if (digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9') is >= 0 and var end)
            digits = digits[..end];
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null;
    }

    static int? Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
                return null;
            var program = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            return program is { Exists: true, Length: <= MaxBytes }
                ? In(SystemFiles.Current.ReadRegular(program.FullName))
                : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
