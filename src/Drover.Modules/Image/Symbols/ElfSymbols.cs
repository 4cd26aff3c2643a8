namespace Drover.Modules;

/// <summary>
/// The symbols of a module with their names.
/// <code>
///            Elf32_Sym  Elf64_Sym
/// st_name        0          0      u32
/// st_value       4          8      u32, u64
/// st_info       12          4      u8, binding in the high four bits, type in the low
/// st_shndx      14          6      u16, 0 = undefined
/// </code>
/// </summary>
internal readonly ref struct ElfSymbols
{
    const int Weak = 2; // STB_WEAK
    const int Register = 13; // STT_SPARC_REGISTER
    const ushort Sparc = 2, SparcV9 = 43; // EM_SPARC, EM_SPARCV9

    readonly ElfHeader _header;
    readonly ReadOnlySpan<byte> _table;
    readonly int _symbolBytes;

    /// <param name="table">Whole symbols only.</param>
    public ElfSymbols(ElfHeader header, ReadOnlySpan<byte> table, ReadOnlySpan<byte> names)
    {
        _header = header;
        _table = table;
        Names = names;
        _symbolBytes = BytesOf(header);
        Count = table.Length / _symbolBytes;
    }

    /// <summary>Symbol 0 is none.</summary>
    public int Count { get; }

    public ReadOnlySpan<byte> Names { get; }

    /// <summary>sizeof(Elf32_Sym) or sizeof(Elf64_Sym).</summary>
    public static int BytesOf(ElfHeader header) => header.Is64 ? 24 : 16;

    /// <summary>No name is out of bounds.</summary>
    public bool HasAllNames
    {
        get
        {
            for (var i = 1; i < Count; i++)
            {
                if (Symbol(i).U32(0) >= (uint)Names.Length)
                    return false;
            }
            return true;
        }
    }

    public ushort Section(int index) => Symbol(index).U16(_header.Is64 ? 6 : 14);

    public ulong Value(int index) => _header.Is64 ? Symbol(index).U64(8) : Symbol(index).U32(4);

    public bool IsWeak(int index) => Info(index) >> 4 == Weak;

    /// <summary>A register that a program of SPARC keeps for itself; it looks undefined and is nobody's.</summary>
    public bool IsRegister(int index) => _header.Machine is Sparc or SparcV9 && (Info(index) & 0xf) == Register;

    /// <summary>The name, or false where it is out of bounds. A last one without a NUL ends with the names.</summary>
    public bool TryName(int index, out ReadOnlySpan<byte> name)
    {
        var at = Symbol(index).U32(0);
        if (at >= (uint)Names.Length)
        {
            name = default;
            return false;
        }
        name = Names[(int)at..];
        var end = name.IndexOf((byte)0);
        if (end >= 0)
            name = name[..end];
        return true;
    }

    byte Info(int index) => _table[(index * _symbolBytes) + (_header.Is64 ? 4 : 12)];

    EndianReader Symbol(int index) => new(_table.Slice(index * _symbolBytes, _symbolBytes), _header.BigEndian);
}
