using System.Text;

namespace Drover.Tests.Kmod;

/// <summary>A root file system of our own making, with a module directory of release 1.0-test; gone at the end of the test.</summary>
sealed class ModuleRoot : IDisposable
{
    public const string Release = "1.0-test";

    public ModuleRoot() => System.IO.Directory.CreateDirectory(Directory);

    public string Path { get; } = System.IO.Directory.CreateTempSubdirectory("drover-root-").FullName;

    public string Directory => $"{Path}/lib/modules/{Release}";

    public ModuleRoot Write(string path, TestModule module) => Write(path, module.ToBytes());

    public ModuleRoot Write(string path, string text) => Write(path, Encoding.Latin1.GetBytes(text));

    /// <param name="path">Below the module directory; from the root with a slash before it.</param>
    /// <param name="content">Its bytes.</param>
    public ModuleRoot Write(string path, byte[] content)
    {
        var file = path.StartsWith('/') ? Path + path : $"{Directory}/{path}";
        System.IO.Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, content);
        return this;
    }

    /// <summary>A module file packed by that program (xz, zstd), in its place.</summary>
    public ModuleRoot Pack(string path, string program)
    {
        Assert.SkipUnless(File.Exists($"/usr/bin/{program}"), $"{program} is not installed");
        using var packing = System.Diagnostics.Process.Start(program, program == "xz" ? ["-q", "--check=crc32", $"{Directory}/{path}"] : ["-q", "--rm", $"{Directory}/{path}"]);
        packing.WaitForExit();
        Assert.Equal(0, packing.ExitCode);
        return this;
    }

    /// <summary>The indexes, by kmod's depmod.</summary>
    public ModuleRoot Index()
    {
        KmodBeside.Depmod(Path, Release);
        return this;
    }

    public void Dispose() => System.IO.Directory.Delete(Path, recursive: true);
}
