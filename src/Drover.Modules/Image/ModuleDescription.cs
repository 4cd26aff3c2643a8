using System.Globalization;
using System.Text;

namespace Drover.Modules;

/// <summary>
/// What a module's file says of itself, as modinfo shows it: all of .modinfo, then what its signature tells (kmod: <c>kmod_module_get_info</c>). Of an
/// uncompressed file no more is read than its tables, that section and its end. Stateless; safe for any thread.
/// </summary>
public static class ModuleDescription
{
    /// <summary>Bytes of a number that stand on one line (kmod: <c>kmod_module_hex_to_str</c>).</summary>
    const int HexBytesALine = 20;

    /// <summary>The pairs in the file's order, as <see cref="RawText"/>.</summary>
    /// <exception cref="ModuleDataException">No ELF file, corrupt, or without .modinfo: see <see cref="ModuleDataException.Fault"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a directory.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(string path)
    {
        using var handle = File.OpenHandle(path);
        return Read(new FileSource(handle, path));
    }

    internal static IReadOnlyList<KeyValuePair<string, string>> Read(ByteSource file)
    {
        var head = file.Head(ElfHeader.MaxBytes);
        if (ModuleFile.CompressionOf(head) is not ModuleCompression.None)
        {
            file = new MemorySource(ModuleFile.ReadImage(file), file.Name);
            head = file.Head(ElfHeader.MaxBytes);
        }
        if (head.Length < XzIndex.Magic.Length)
            throw new ModuleDataException(file.Name, head.Length, "shorter than the mark of any format");
        List<KeyValuePair<string, string>> fields = [.. ModInfoOf(file, head)];
        if (SignatureOf(file) is { } signature)
        {
            fields.Add(new("sig_id", signature.IdType));
            fields.Add(new("signer", UpToNul(signature.Signer)));
            fields.Add(new("sig_key", Hex(signature.KeyId.Span)));
            fields.Add(new("sig_hashalgo", signature.HashAlgorithm));
            fields.Add(new("signature", Hex(signature.Signature.Span)));
        }
        return fields;
    }

    static KeyValuePair<string, string>[] ModInfoOf(ByteSource file, ReadOnlySpan<byte> head)
    {
        var sections = ElfSections.Read(file, head);
        var index = sections.Find(".modinfo"u8);
        if (index < 0)
            throw new ModuleDataException(file.Name, 0, "no .modinfo") { Fault = DataFault.NoSuchPart };
        var section = sections[index];
        ElfSections.CheckBytes(section, file.Length, sections.OffsetOf(index), file.Name);
        if (section.Type == ElfSection.NoBits)
            return [];
        ModInfo.CheckBytes((long)section.Size, file.Name, (long)section.Offset);
        var bytes = new byte[section.Size];
        file.Read((long)section.Offset, bytes);
        // kmod_elf_get_strings takes what is shorter for nothing
        return bytes.AsSpan().TrimStart((byte)0).Length > 1 ? ModInfo.Parse(bytes, RawText.Of, file.Name, (long)section.Offset) : [];
    }

    /// <summary>A signature that cannot be understood is none, as for kmod: all else that the module says is still worth showing.</summary>
    static ModuleSignature? SignatureOf(ByteSource file)
    {
        try
        {
            return ModuleSignature.Read(file);
        }
        catch (ModuleDataException)
        {
            return null;
        }
    }

    static string UpToNul(string text) => text.IndexOf('\0', StringComparison.Ordinal) is >= 0 and var end ? text[..end] : text;

    /// <summary><c>0A:1B:…</c>, its lines indented as modinfo's values are.</summary>
    static string Hex(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length * 4);
        for (var i = 0; i < bytes.Length; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{bytes[i]:X2}");
            if (i + 1 == bytes.Length)
                break;
            text.Append(':');
            if ((i + 1) % HexBytesALine == 0)
                text.Append("\n\t\t");
        }
        return text.ToString();
    }
}
