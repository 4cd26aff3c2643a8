using System.Text;
using Drover.Modules.Tests.Image;

namespace Drover.Tests.Kmod;

/// <summary>A small module: its exports, undefined symbols and .modinfo.</summary>
sealed record TestModule
{
    /// <summary>Exports in the format of newer kernels, in __ksymtab_strings.</summary>
    public string[] Exports { get; init; } = [];

    /// <summary>Exports in the format of older kernels, as __crc_NAME; a number after a space is the CRC.</summary>
    public string[] CrcExports { get; init; } = [];

    /// <summary>Undefined symbols; a leading <c>?</c> marks a weak one; a number after a space is its
    /// CRC in __versions.</summary>
    public string[] Needs { get; init; } = [];

    public string[] Info { get; init; } = [];

    public byte[] ToBytes(bool is64 = true, bool bigEndian = false)
    {
        var elf = new ElfWriter(is64, bigEndian).AddInfo(Info);
        if (Exports.Length > 0)
        {
            elf.Add("__ksymtab_strings", TestSection.Alloc,
                [.. Exports.SelectMany(name => Encoding.UTF8.GetBytes(name + "\0"))]);
        }

        var names = new MemoryStream();
        names.WriteByte(0);
        var symbols = new MemoryStream();
        Symbol("", 0, 0);
        var versions = new MemoryStream();
        Version("module_layout", 0x1234);
        foreach (var export in CrcExports)
            Symbol("__crc_" + Name(export), 0xfff1, Crc(export));
        foreach (var need in Needs)
        {
            Symbol(Name(need).TrimStart('?'), 0, 0, isWeak: need[0] == '?');
            if (Crc(need) != 0)
                Version(Name(need).TrimStart('?'), Crc(need));
        }
        return elf.Add("__versions", TestSection.Alloc, versions.ToArray()).Add(".symtab", 0, symbols.ToArray(), 8)
            .Add(".strtab", 0, names.ToArray()).ToBytes();

        void Symbol(string name, ushort section, uint value, bool isWeak = false)
        {
            var entry = new byte[is64 ? 24 : 16];
            elf.U32(entry, name.Length == 0 ? 0 : (uint)names.Length);
            if (name.Length > 0)
                names.Write(Encoding.UTF8.GetBytes(name + "\0"));
            entry[is64 ? 4 : 12] = (byte)(isWeak ? 0x20 : 0x10);
            elf.U16(entry.AsSpan(is64 ? 6 : 14), section);
            elf.U32(entry.AsSpan(is64 ? (bigEndian ? 12 : 8) : 4), value);
            symbols.Write(entry);
        }

        void Version(string name, uint crc)
        {
            var entry = new byte[64];
            elf.U32(entry.AsSpan(is64 && bigEndian ? 4 : 0), crc);
            Encoding.UTF8.GetBytes(name).CopyTo(entry, is64 ? 8 : 4);
            versions.Write(entry);
        }
    }

    static string Name(string symbol) => symbol.Split(' ')[0];

    static uint Crc(string symbol) => symbol.Split(' ') is [_, var crc] ? Convert.ToUInt32(crc, 16) : 0;
}
