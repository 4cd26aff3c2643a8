namespace Drover.Modules;

/// <summary>What a module's ELF image tells of itself: .modinfo, the name in .gnu.linkonce.this_module, and its size once laid out. Immutable.</summary>
public sealed class ModuleImage
{
    /// <exception cref="ModuleDataException">Not an ELF relocatable of a module, truncated or corrupt.</exception>
    public static ModuleImage Parse(ReadOnlyMemory<byte> elf, string file) => throw new NotSupportedException();

    public string Name => throw new NotSupportedException();
    public string? Vermagic => throw new NotSupportedException();
    public IReadOnlyList<string> Depends => throw new NotSupportedException();
    public IReadOnlyList<string> Aliases => throw new NotSupportedException();
    public IReadOnlyList<string> SoftDependencies => throw new NotSupportedException();
    /// <summary>Parameters as "name:description" lines (parm=).</summary>
    public IReadOnlyList<string> Parameters => throw new NotSupportedException();
    /// <summary>Bytes of all SHF_ALLOC sections, aligned as the kernel lays them out (kernel: <c>layout_sections</c>).</summary>
    public long ImageBytes => throw new NotSupportedException();
    /// <summary>All of .modinfo, in its order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Info => throw new NotSupportedException();
}
