using System.Diagnostics;
using System.Text;

namespace Drover.Lab.Prepare;

/// <summary>Writes a "newc" cpio archive, an initramfs' format
/// (Documentation/driver-api/early-userspace/buffer-format.rst). All entries belong to root. The kernel unpacks
/// archives that follow one another in turn.</summary>
/// <remarks>An entry is a header of "070701" and 13 fields of 8 hexadecimal digits, the name with its NUL, and the
/// data; name and data are padded to a multiple of four bytes, counted from the start of the archive.</remarks>
sealed class CpioWriter(Stream output) : IDisposable
{
    const int TypeDirectory = 0x4000, TypeFile = 0x8000, TypeLink = 0xA000, TypeCharacterDevice = 0x2000;
    const int HeaderBytes = 110;
    const UnixFileMode ExecutableMode = (UnixFileMode)0x1ED, PlainMode = (UnixFileMode)0x1A4; // 0755 and 0644

    readonly HashSet<string> _directories = [""];
    long _position;
    int _inode;

    public void Directory(string path, UnixFileMode mode = ExecutableMode)
    {
        if (_directories.Contains(path))
            return;
        Directory(ParentOf(path));
        _directories.Add(path);
        Header(path, TypeDirectory | (int)mode, 0);
    }

    public void File(string path, Stream content, UnixFileMode mode = ExecutableMode)
    {
        Directory(ParentOf(path));
        var size = content.Length - content.Position;
        Header(path, TypeFile | (int)mode, size);
        content.CopyTo(output);
        _position += size;
        Pad();
    }

    public void File(string path, string content, bool executable = false)
    {
        using var bytes = new MemoryStream(Encoding.UTF8.GetBytes(content));
        File(path, bytes, executable ? ExecutableMode : PlainMode);
    }

    public void Link(string path, string target)
    {
        Directory(ParentOf(path));
        var bytes = Encoding.UTF8.GetBytes(target);
        Header(path, TypeLink | 0x1FF, bytes.Length);
        output.Write(bytes);
        _position += bytes.Length;
        Pad();
    }

    public void CharacterDevice(string path, int major, int minor)
    {
        Directory(ParentOf(path));
        Header(path, TypeCharacterDevice | 0x180, 0, major, minor);
    }

    /// <summary>Adds everything below a folder of the host, below <paramref name="place"/>; links stay links.</summary>
    public void Tree(string folder, string place = "")
    {
        var entries = new DirectoryInfo(folder).EnumerateFileSystemInfos();
        foreach (var entry in entries.OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            var path = Path.Combine(place, entry.Name);
            if (entry.LinkTarget is { } target)
            {
                Link(path, target);
            }
            else if (entry is DirectoryInfo)
            {
                Directory(path, entry.UnixFileMode);
                Tree(entry.FullName, path);
            }
            else
            {
                using var content = System.IO.File.OpenRead(entry.FullName);
                File(path, content, entry.UnixFileMode);
            }
        }
    }

    public void Dispose()
    {
        Header("TRAILER!!!", 0, 0);
        // a following archive starts at a multiple of 512, as cpio(1) writes it
        Pad(512);
        output.Flush();
    }

    void Header(string path, int mode, long size, int major = 0, int minor = 0)
    {
        Debug.Assert(_position % 4 == 0, "a header starts at a multiple of four");
        var name = Encoding.UTF8.GetBytes(path + '\0');
        var links = (mode & TypeDirectory) != 0 ? 2 : 1;
        var fields = $"070701{++_inode:X8}{mode:X8}{0:X8}{0:X8}{links:X8}{0:X8}{size:X8}"
            + $"{0:X8}{0:X8}{major:X8}{minor:X8}{name.Length:X8}{0:X8}";
        Debug.Assert(fields.Length == HeaderBytes, "every field has 8 digits: the file is smaller than 4 GiB");
        output.Write(Encoding.ASCII.GetBytes(fields));
        output.Write(name);
        _position += fields.Length + name.Length;
        Pad();
    }

    void Pad(int multiple = 4)
    {
        for (; _position % multiple != 0; _position++)
            output.WriteByte(0);
    }

    static string ParentOf(string path) => Path.GetDirectoryName(path) ?? "";
}
