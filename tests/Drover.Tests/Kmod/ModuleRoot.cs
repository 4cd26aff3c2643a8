using System.Text;

namespace Drover.Tests.Kmod;

/// <summary>A temporary root file system with a module directory, deleted after the test.</summary>
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

    /// <param name="path">Relative to the module directory; with a leading slash, to the root.</param>
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

    /// <summary>A module file compressed by a program (xz, zstd).</summary>
    public ModuleRoot Pack(string path, string program)
    {
        Assert.SkipUnless(File.Exists($"/usr/bin/{program}"), $"{program} is not installed");
        using var packing = System.Diagnostics.Process.Start(
            program, program == "xz" ? ["-q", "--check=crc32", $"{Directory}/{path}"]
            : ["-q", "--rm", $"{Directory}/{path}"]);
        packing.WaitForExit();
        Assert.Equal(0, packing.ExitCode);
        return this;
    }

    /// <summary>Writes the indexes with the depmod of kmod.</summary>
    public ModuleRoot Index()
    {
        KmodBeside.Depmod(Path, Release);
        return this;
    }

    /// <summary>Deletes a directory with names that .NET cannot have.</summary>
    public static void Delete(string directory)
    {
        using var remove = System.Diagnostics.Process.Start("rm", ["-rf", directory]);
        remove.WaitForExit();
    }

    public void Dispose() => Delete(Path);
}
