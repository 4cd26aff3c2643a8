namespace Drover.Modules;

/// <summary>One section header (Elf32_Shdr, Elf64_Shdr), its numbers as they stand in the file: none is checked yet.</summary>
internal readonly record struct ElfSection(uint NameOffset, uint Type, ulong Flags, ulong Offset, ulong Size, uint Link, ulong Align)
{
    /// <summary>SHT_NOBITS: takes memory, but no bytes of the file.</summary>
    public const uint NoBits = 8;

    public const ulong Write = 1; // SHF_WRITE
    public const ulong Alloc = 2; // SHF_ALLOC
    public const ulong Executable = 4; // SHF_EXECINSTR

    /// <param name="entry">40 or 64 bytes: the caller has validated that.</param>
    public static ElfSection Read(ReadOnlySpan<byte> entry, bool is64, bool bigEndian)
    {
        var fields = new EndianReader(entry, bigEndian);
        return is64
            ? new(fields.U32(0), fields.U32(4), fields.U64(8), fields.U64(24), fields.U64(32), fields.U32(40), fields.U64(48))
            : new(fields.U32(0), fields.U32(4), fields.U32(8), fields.U32(16), fields.U32(20), fields.U32(24), fields.U32(32));
    }
}
