using Drover.Modules.Tests.Image;

namespace Drover.Tests;

/// <summary>A temporary copy of the root file system of the fixtures, with module files of given sizes.</summary>
sealed class RecordableRoot : IDisposable
{
    static readonly string[] Modules = ["kernel/drivers/net/t_e1000e", "kernel/drivers/ptp/t_ptp",
        "kernel/drivers/pps/t_pps_core", "kernel/drivers/cpufreq/t-acpi-cpufreq", "kernel/fs/btrfs/t_btrfs",
        "kernel/lib/raid6/t_raid6_pq", "kernel/crypto/t_crc32c_generic"];

    readonly DirectoryInfo _root;

    public RecordableRoot(string prefix)
    {
        _root = Directory.CreateTempSubdirectory(prefix);
        foreach (var file in Directory.GetFiles(CommandLineRun.Root, "*", SearchOption.AllDirectories))
            File.Copy(file, Make(System.IO.Path.GetRelativePath(CommandLineRun.Root, file)));
        foreach (var module in Modules)
        {
            var elf = new ElfWriter(is64: true, bigEndian: false).AddInfo($"name={System.IO.Path.GetFileName(module)}")
                .Add(".text", TestSection.Alloc | TestSection.Exec, new byte[5000]);
            File.WriteAllBytes(Make($"lib/modules/6.1.0-test/{module}.ko"), elf.ToBytes());
        }
    }

    public string Path => _root.FullName;

    /// <summary>The full path of a file; creates its directories.</summary>
    public string Make(string path)
    {
        var file = System.IO.Path.Combine(Path, path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        return file;
    }

    public void Dispose() => _root.Delete(recursive: true);
}
