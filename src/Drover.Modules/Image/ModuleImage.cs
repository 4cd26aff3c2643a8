using System.Text;

namespace Drover.Modules;

/// <summary>
/// What a module's ELF image tells of itself: .modinfo, the name in .gnu.linkonce.this_module, and its size once laid out. Immutable, safe for any thread; it does
/// not keep the image alive.
/// </summary>
public sealed class ModuleImage
{
    // struct module begins: enum module_state; struct list_head list; char name[MODULE_NAME_LEN], where MODULE_NAME_LEN = 64 − sizeof(unsigned long)
    const int NameOffset64 = 24, NameOffset32 = 12, NameBytes64 = 56, NameBytes32 = 60;

    readonly KeyValuePair<string, string>[] _info;

    ModuleImage(string name, KeyValuePair<string, string>[] info, (long Image, long Text) bytes, bool hasSignature)
    {
        Name = name;
        _info = info;
        ImageBytes = bytes.Image;
        TextBytes = bytes.Text;
        HasSignature = hasSignature;
        Vermagic = Values("vermagic").FirstOrDefault();
        Depends = [.. Values("depends").SelectMany(d => d.Split(',', StringSplitOptions.RemoveEmptyEntries))];
        Aliases = [.. Values("alias")];
        SoftDependencies = [.. Values("softdep")];
        WeakDependencies = [.. Values("weakdep")];
        Parameters = [.. Values("parm")];
    }

    /// <param name="elf">The whole, uncompressed file, as <see cref="ModuleFile.ReadImage(string)"/> gives it.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="ModuleDataException">Not an ELF relocatable of a module, truncated or corrupt.</exception>
    public static ModuleImage Parse(ReadOnlyMemory<byte> elf, string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var reader = new ElfReader(elf.Span, file);
        if (reader.Header.Type != ElfHeader.Relocatable)
            throw new ModuleDataException(file, 16, $"ELF type {reader.Header.Type}, not a relocatable object");

        var infoIndex = reader.Sections.Find(".modinfo"u8);
        var info = infoIndex < 0 ? [] : ModInfo.Parse(reader.Bytes(infoIndex), RawText.Decode, file, (long)reader.Sections[infoIndex].Offset);
        var name = Array.Find(info, pair => pair.Key == "name").Value;
        if (string.IsNullOrEmpty(name))
            name = NameOfThisModule(reader);
        return new ModuleImage(name, info, ModuleLayout.Bytes(reader.Sections), elf.Span.EndsWith(ModuleSignature.Marker));
    }

    /// <summary>The kernel's name of the module: <c>name=</c> of .modinfo, which is there since 4.13, or that in .gnu.linkonce.this_module.</summary>
    public string Name { get; }

    /// <summary>The release and options it was built for, or null.</summary>
    public string? Vermagic { get; }

    /// <summary>Modules whose symbols it uses (depends=), in the order written.</summary>
    public IReadOnlyList<string> Depends { get; }

    public IReadOnlyList<string> Aliases { get; }

    /// <summary>Lines as "pre: A B post: C" (softdep=).</summary>
    public IReadOnlyList<string> SoftDependencies { get; }

    /// <summary>Lines of names (weakdep=).</summary>
    public IReadOnlyList<string> WeakDependencies { get; }

    /// <summary>Parameters as "name:description" lines (parm=).</summary>
    public IReadOnlyList<string> Parameters { get; }

    /// <summary>
    /// Bytes of memory its allocated sections take while it is loaded, those for initialisation included: aligned and grouped as the kernel lays them out, each group
    /// rounded up to pages of 4096 (kernel: <c>layout_sections</c>). Without per-CPU data and the kernel's copy of the symbols.
    /// </summary>
    public long ImageBytes { get; }

    /// <summary>Bytes of its executable sections, of <see cref="ImageBytes"/>.</summary>
    public long TextBytes { get; }

    /// <summary>A signature stands behind the ELF image (kernel: <c>module_sig_check</c>); whether it is good is the kernel's to say.</summary>
    public bool HasSignature { get; }

    /// <summary>All of .modinfo, in its order. Bytes that are no UTF-8 are taken for Latin-1.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Info => _info;

    IEnumerable<string> Values(string key) => _info.Where(pair => pair.Key == key).Select(pair => pair.Value);

    static string NameOfThisModule(ElfReader reader)
    {
        var sections = reader.Sections;
        var index = sections.Find(".gnu.linkonce.this_module"u8);
        if (index < 0)
            throw new ModuleDataException(sections.File, 0, "no module: neither name= in .modinfo nor .gnu.linkonce.this_module");

        var at = reader.Header.Is64 ? NameOffset64 : NameOffset32;
        var bytes = reader.Bytes(index);
        var field = bytes.Length > at ? bytes[at..Math.Min(bytes.Length, at + (reader.Header.Is64 ? NameBytes64 : NameBytes32))] : [];
        var end = field.IndexOf((byte)0);
        if (end <= 0)
            throw new ModuleDataException(sections.File, (long)sections[index].Offset + at, "no name in .gnu.linkonce.this_module");
        return Encoding.UTF8.GetString(field[..end]);
    }
}
