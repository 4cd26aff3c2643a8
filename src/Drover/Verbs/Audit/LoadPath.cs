using Drover.Model;
using Drover.Modules;
using Drover.Output;

namespace Drover.Verbs.Audit;

/// <summary>By which way modules come into this kernel when udev loads them, and whether the kernel's gate stands in it. Immutable.</summary>
/// <param name="Kernel">Its release.</param>
/// <param name="Gate">The kernel's, by its release; null where that has no version.</param>
/// <param name="Kmod">kmod's version; null where it was not found.</param>
/// <param name="Files">How module files are compressed.</param>
/// <param name="Decompresses">What the kernel decompresses; null where it is not known.</param>
sealed record LoadPath(string Kernel, GateKind? Gate, int? Kmod, ModuleCompression Files, ModuleCompression? Decompresses)
{
    /// <summary>The kernel can read the files as they are; otherwise every loader decompresses.</summary>
    public bool KernelReadsFiles => Files is ModuleCompression.None || (Decompresses ?? Files) == Files;

    /// <summary>udev's calls are finit_module, the only ones that a gate guards.</summary>
    public bool IsThroughGate => Files is ModuleCompression.None || (KernelReadsFiles && Kmod is null or >= KmodVersion.LetsKernelDecompress);

    /// <summary>Who udev is in the model.</summary>
    public HerdKind Udev => IsThroughGate ? HerdKind.Udev : HerdKind.UserDecompress;

    /// <summary>The gate to run the model with.</summary>
    public GateKind ModelGate => Gate ?? GateKind.None;

    /// <summary>There is a gate, and udev's loads go round it.</summary>
    public bool BypassesGate => HasGate && !IsThroughGate;

    /// <summary>The kernel's gate in a sentence, and whether anything goes through it.</summary>
    public string Explain() => $"{GateSentence()} {WaySentence()}";

    string GateSentence() => Gate switch
    {
        null => $"Which gate kernel '{PlainText.Of(Kernel)}' has is not known: its release has no version; none is assumed.",
        GateKind.None => $"Kernel {Kernel} has no gate (the first came with 6.4): each duplicate reads, verifies and lays out its copy.",
        GateKind.EarlyCheck => $"Kernel {Kernel} looks for a duplicate early (6.4, 064f4536d139), after reading the file.",
        _ => $"Kernel {Kernel} lets a duplicate wait for the first call's result (from 6.5, 9b9879fc0327).",
    };

    string WaySentence() => this switch
    {
        { Files: ModuleCompression.None } => $"Module files are not compressed: {Guarded()}.",
        { KernelReadsFiles: false } => $"It does not decompress {NameOf(Files)} (CONFIG_MODULE_DECOMPRESS), so kmod{Number()} does, and {Unguarded()}.",
        { IsThroughGate: false } => $"kmod{Number()} decompresses {NameOf(Files)} by itself (before {KmodVersion.LetsKernelDecompress} it cannot let the kernel do it), and {Unguarded()}.",
        { Kmod: null } => $"Whether kmod lets it decompress {NameOf(Files)} (from {KmodVersion.LetsKernelDecompress}) is not known, and assumed: {Guarded()}.",
        { Decompresses: null } => $"Whether it decompresses {NameOf(Files)}, as kmod{Number()} would let it, is not known, and assumed: {Guarded()}.",
        _ => $"kmod{Number()} lets it decompress {NameOf(Files)}: {Guarded()}.",
    };

    string Guarded() => HasGate ? "calls are finit_module, which the gate guards" : "calls are finit_module";

    string Unguarded() => HasGate ? "calls init_module: this bypasses the gate" : "calls init_module, which later kernels' gates do not guard either";

    bool HasGate => Gate is not (null or GateKind.None);

    string Number() => Kmod is { } version ? $" {version}" : "";

    internal static string NameOf(ModuleCompression compression) => compression.ToString().ToLowerInvariant();
}
