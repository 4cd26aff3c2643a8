using System.Text;
using Drover.Modules.Image;
using Drover.Modules.Symbols;
using Drover.Modules.Tests.Image;

namespace Drover.Tests.Kmod;

/// <summary>Versions of used symbols in __version_ext_crcs and __version_ext_names, which modules of kernels since 6.14
/// may have alone or next to __versions.</summary>
public sealed class LongVersionsTests : IDisposable
{
    static readonly string s_long = "symbol_" + new string('x', 90);

    readonly ModuleRoot _root = new ModuleRoot()
        .Write("kernel/core.ko", new TestModule { CrcExports = ["known 0x11223344", $"{s_long} 0x55667788"] });

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData(true, false, false)]
    [InlineData(true, true, false)]
    [InlineData(false, true, false)]
    [InlineData(true, false, true)]
    public void Long_versions_are_read(bool is64, bool bigEndian, bool hasShort)
    {
        _root.Write("user.ko", User(is64, bigEndian, hasShort));
        Assert.Equal(
            [new SymbolVersion("known", 0x11223344), new SymbolVersion(s_long, 0x55667788)],
            ModuleVersions.Uses($"{_root.Directory}/user.ko"));
        Assert.Equal(
            $"0x11223344\tknown\n0x55667788\t{s_long}\n",
            CommandLineRun.Run("modprobe", "--show-modversions", $"{_root.Directory}/user.ko").Out);
    }

    [Fact]
    public void Depmod_compares_long_versions()
    {
        _root.Write("kernel/user.ko", User(true, false, hasShort: false));
        const string Known = "0x11223344\tknown\tvmlinux\tEXPORT_SYMBOL\n", From = "vmlinux\tEXPORT_SYMBOL\n";
        _root.Write("/good", $"{Known}0x55667788\t{s_long}\t{From}");
        _root.Write("/bad", $"{Known}0x55667789\t{s_long}\t{From}");
        string[] depmod = ["depmod", "-n", "-e", "-C", "/dev/null", "-b", _root.Path, "-E"];
        File.Delete($"{_root.Directory}/kernel/core.ko");
        Assert.DoesNotContain("disagree", CommandLineRun.Run(
            [.. depmod, $"{_root.Path}/good", ModuleRoot.Release]).Error, StringComparison.Ordinal);
        Assert.Contains($"disagrees about version of symbol {s_long}", CommandLineRun.Run(
            [.. depmod, $"{_root.Path}/bad", ModuleRoot.Release]).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Forced_loads_hide_all_versions()
    {
        var image = User(true, false, hasShort: true);
        ModuleChecks.HideModversions(image, "user.ko");
        var hidden = User(true, false, hasShort: true).Zip(image).Count(pair => pair.First != pair.Second);
        Assert.Equal(3, hidden); // SHF_ALLOC of each section
    }

    [Fact]
    public void Damaged_long_versions_are_no_more_than_there_are()
    {
        var elf = new ElfWriter(true, false).AddInfo("license=GPL")
            .Add("__version_ext_crcs", TestSection.Alloc, [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])
            .Add("__version_ext_names", TestSection.Alloc, [.. "one\0two"u8]);
        _root.Write("cut.ko", elf.ToBytes());
        Assert.Equal(
            [new SymbolVersion("one", 1), new SymbolVersion("two", 2)],
            ModuleVersions.Uses($"{_root.Directory}/cut.ko"));
    }

    static byte[] User(bool is64, bool bigEndian, bool hasShort)
    {
        var elf = new ElfWriter(is64, bigEndian).AddInfo("license=GPL");
        if (hasShort)
        {
            var record = new byte[64];
            elf.U32(record, 0x11223344);
            "known"u8.CopyTo(record.AsSpan(8));
            elf.Add("__versions", TestSection.Alloc, record);
        }
        var crcs = new byte[8];
        elf.U32(crcs, 0x11223344);
        elf.U32(crcs.AsSpan(4), 0x55667788);
        var symbols = new byte[is64 ? 72 : 48];
        var (size, section) = is64 ? (24, 4) : (16, 12);
        elf.U32(symbols.AsSpan(size), 1);
        elf.U32(symbols.AsSpan(2 * size), 7);
        symbols[size + section] = symbols[(2 * size) + section] = 0x10;
        return elf.Add("__version_ext_crcs", TestSection.Alloc, crcs)
            .Add("__version_ext_names", TestSection.Alloc, Encoding.UTF8.GetBytes($"known\0{s_long}\0"))
            .Add(".symtab", 0, symbols, 8).Add(".strtab", 0, Encoding.UTF8.GetBytes($"\0known\0{s_long}\0")).ToBytes();
    }
}
