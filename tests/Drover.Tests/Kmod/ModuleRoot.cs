using System.Text;

namespace Drover.Tests.Kmod;

/// <summary>A root file system of our own making, with a module directory; gone at the end of the test.</summary>
sealed class ModuleRoot : IDisposable
{
    public const string Release = "1.0-test";

    public ModuleRoot(string release = Release)
    {
        Directory = $"{Path}/lib/modules/{release}";
        System.IO.Directory.CreateDirectory(Directory);
    }

    public string Path { get; } = System.IO.Directory.CreateTempSubdirectory("drover-root-").FullName;

    public string Directory { get; }

    public ModuleRoot Write(string path, TestModule module) => Write(path, module.ToBytes());

    public ModuleRoot Write(string path, string text) => Write(path, Encoding.Latin1.GetBytes(text));

    /// <param name="path">Below the module directory; from the root with a slash before it.</param>
    /// <param name="content">Its bytes.</param>
    public ModuleRoot Write(string path, byte[] content)
    {
        WriteFile(path.StartsWith('/') ? Path + path : $"{Directory}/{path}", content);
        return this;
    }

    /// <summary>Writes a file, with the directories above it.</summary>
    public static void WriteFile(string file, byte[] content)
    {
        System.IO.Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, content);
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
