using Drover.Modules.Elf;
using Drover.Text;

namespace Drover.Modules.Image;

/// <summary>.modinfo, name and memory layout of an ELF image. Immutable; does not keep the image alive.</summary>
public sealed class ModuleImage
{
    // struct module starts with: enum module_state; struct list_head list; char name[MODULE_NAME_LEN],
    // where MODULE_NAME_LEN = 64 − sizeof(unsigned long)
    const int NameOffset64 = 24, NameOffset32 = 12, NameBytes64 = 56, NameBytes32 = 60;

    ModuleImage(string name, KeyValuePair<string, string>[] info, (long Image, long Text) bytes) =>
        (Name, Info, ImageBytes, TextBytes) = (name, info, bytes.Image, bytes.Text);

    /// <param name="elf">The result of <see cref="ModuleFile.ReadImage(string)"/>.</param>
    /// <exception cref="ModuleDataException">Not a module, truncated or corrupt.</exception>
    public static ModuleImage Parse(ReadOnlyMemory<byte> elf, string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var reader = new ElfReader(elf.Span, file);
        if (reader.Header.Type != ElfHeader.Relocatable)
            throw new ModuleDataException(file, 16, $"ELF type {reader.Header.Type}, not a relocatable object");
        var infoIndex = reader.Sections.Find(".modinfo"u8);
        var info = infoIndex < 0
            ? []
            : ModInfo.Parse(reader.Bytes(infoIndex), file, (long)reader.Sections[infoIndex].Offset);
        var name = Array.Find(info, pair => pair.Key == "name").Value;
        if (string.IsNullOrEmpty(name))
            name = NameOfThisModule(reader);
        return new ModuleImage(name, info, ModuleLayout.Bytes(reader.Sections));
    }

    /// <summary>The module name: <c>name=</c> of .modinfo (since 4.13), or that in .gnu.linkonce.this_module.</summary>
    public string Name { get; }

    /// <summary>Bytes in memory during the load, by <c>layout_sections</c>; without per-CPU data and symbols.</summary>
    public long ImageBytes { get; }

    /// <summary>The part of <see cref="ImageBytes"/> that is executable.</summary>
    public long TextBytes { get; }

    /// <summary>All of .modinfo, in file order, as of <see cref="ByteText"/>.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Info { get; }

    static string NameOfThisModule(ElfReader reader)
    {
        var sections = reader.Sections;
        var index = sections.Find(".gnu.linkonce.this_module"u8);
        if (index < 0)
        {
            throw new ModuleDataException(sections.File, 0,
                "not a module: neither name= in .modinfo nor .gnu.linkonce.this_module");
        }
        var at = reader.Header.Is64 ? NameOffset64 : NameOffset32;
        var bytes = reader.Bytes(index);
        var nameEnd = Math.Min(bytes.Length, at + (reader.Header.Is64 ? NameBytes64 : NameBytes32));
        var field = bytes.Length > at ? bytes[at..nameEnd] : [];
        var end = field.IndexOf((byte)0);
        if (end <= 0)
        {
            throw new ModuleDataException(sections.File, (long)sections[index].Offset + at,
                "no name in .gnu.linkonce.this_module");
        }
        return ByteText.Of(field[..end]);
    }
}

/// <summary>Parses .modinfo: <c>key=value</c> strings, each followed by one or more NULs.</summary>
static class ModInfo
{
    /// <summary>Pairs of a module: at most 1,607 in Debian 6.1 and 6.12. Each needs about a hundred bytes.</summary>
    public const int MaxEntries = 1 << 16;

    public const int MaxBytes = 16 << 20; // bounds the bytes read from a hostile file, far above any real section

    /// <summary>All pairs in file order; the last needs no NUL (kmod: <c>kmod_elf_get_strings</c>).</summary>
    /// <exception cref="ModuleDataException">More than <see cref="MaxEntries"/> or <see cref="MaxBytes"/>.</exception>
    public static KeyValuePair<string, string>[] Parse(ReadOnlySpan<byte> section, string file, long offset)
    {
        CheckBytes(section.Length, file, offset);
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var range in section.Split((byte)0))
        {
            var entry = section[range];
            if (entry.IsEmpty)
                continue;
            if (pairs.Count == MaxEntries)
            {
                throw new ModuleDataException(file, offset + range.Start.Value,
                    $"more than {MaxEntries} entries in .modinfo");
            }
            var equals = entry.IndexOf((byte)'=');
            pairs.Add(equals < 0
                ? new(ByteText.Of(entry), "")
                : new(ByteText.Of(entry[..equals]), ByteText.Of(entry[(equals + 1)..])));
        }
        return [.. pairs];
    }

    /// <summary>Throws for a section of more than <see cref="MaxBytes"/>.</summary>
    public static void CheckBytes(long bytes, string file, long offset)
    {
        if (bytes > MaxBytes)
            throw new ModuleDataException(file, offset, $".modinfo of {bytes} bytes, more than {MaxBytes}");
    }
}
