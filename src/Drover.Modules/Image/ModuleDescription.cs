using System.Globalization;
using System.Text;
using Drover.Kernel;
using Drover.Modules.Containers;
using Drover.Modules.Elf;
using Drover.Modules.Signature;

namespace Drover.Modules.Image;

/// <summary>The fields of modinfo, read without the rest of the file (kmod: <c>kmod_module_get_info</c>).</summary>
public static class ModuleDescription
{
    const int HexLineBytes = 20; // bytes a line of a hexadecimal number (kmod: kmod_module_hex_to_str)

    /// <summary>Keys and values in file order.</summary>
    /// <exception cref="ModuleDataException">Not ELF, corrupt, or without .modinfo.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied, or the file is a directory.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(string path)
    {
        using var file = FileSource.Open(path);
        return Read(file);
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
            throw new ModuleDataException(file.Name, head.Length, "too short for any format");
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
        // kmod_elf_get_strings ignores a section with fewer than two bytes
        return bytes.AsSpan().TrimStart((byte)0).Length > 1
            ? ModInfo.Parse(bytes, file.Name, (long)section.Offset)
            : [];
    }

    /// <summary>Null also for an invalid signature, like kmod: the other fields are still shown.</summary>
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

    static string UpToNul(string text) =>
        text.IndexOf('\0', StringComparison.Ordinal) is >= 0 and var end ? text[..end] : text;

    /// <summary><c>0A:1B:…</c>, with lines indented like modinfo's values.</summary>
    static string Hex(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length * 4);
        for (var i = 0; i < bytes.Length; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{bytes[i]:X2}");
            if (i + 1 == bytes.Length)
                break;
            text.Append(':');
            if ((i + 1) % HexLineBytes == 0)
                text.Append("\n\t\t");
        }
        return text.ToString();
    }
}
