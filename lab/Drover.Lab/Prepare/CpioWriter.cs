using System.Text;

namespace Drover.Lab.Prepare;

/// <summary>
/// Writes a "newc" cpio archive, the initramfs format (Documentation/driver-api/early-userspace/buffer-format.rst).
/// Everything belongs to root whoever runs the lab. Archives may follow one another: the kernel unpacks each in turn.
/// </summary>
/// <remarks>
/// An entry: a header of "070701" and 13 fields of 8 hexadecimal digits, the name with its NUL, the data; name and data each
/// padded to a multiple of four, counted from the start of the archive.
/// </remarks>
sealed class CpioWriter(Stream output) : IDisposable
{
    const int TypeDirectory = 0x4000;
    const int TypeFile = 0x8000;
    const int TypeLink = 0xA000;
    const int TypeCharacterDevice = 0x2000;

    readonly HashSet<string> _directories = [""];
    long _position;
    int _inode;

    public void Directory(string path, UnixFileMode mode = (UnixFileMode)0x1ED)
    {
        if (_directories.Contains(path))
            return;
        Directory(ParentOf(path));
        _directories.Add(path);
        Header(path, TypeDirectory | (int)mode, 0);
    }

    public void File(string path, Stream content, UnixFileMode mode)
    {
        Directory(ParentOf(path));
        Header(path, TypeFile | (int)mode, content.Length);
        content.CopyTo(output);
        _position += content.Length;
        Pad();
    }

    public void File(string path, string content, bool executable = false)
    {
        using var bytes = new MemoryStream(Encoding.UTF8.GetBytes(content));
        File(path, bytes, (UnixFileMode)(executable ? 0x1ED : 0x1A4));
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

    /// <summary>Adds all that lies below a folder of the host, below <paramref name="place"/>; links stay links.</summary>
    public void Tree(string folder, string place = "")
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            var path = Path.Combine(place, entry.Name);
            if (entry.LinkTarget is { } target)
                Link(path, target);
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
        // archives that follow one another start at a multiple of 512, as cpio's own do
        while (_position % 512 != 0)
            PutZero();
        output.Flush();
    }

    void Header(string path, int mode, long size, int major = 0, int minor = 0)
    {
        var name = Encoding.UTF8.GetBytes(path + '\0');
        int links = (mode & TypeDirectory) != 0 ? 2 : 1;
        var fields = $"070701{++_inode:X8}{mode:X8}{0:X8}{0:X8}{links:X8}{0:X8}{size:X8}{0:X8}{0:X8}{major:X8}{minor:X8}{name.Length:X8}{0:X8}";
        output.Write(Encoding.ASCII.GetBytes(fields));
        output.Write(name);
        _position += fields.Length + name.Length;
        Pad();
    }

    void Pad()
    {
        while (_position % 4 != 0)
            PutZero();
    }

    void PutZero()
    {
        output.WriteByte(0);
        _position++;
    }

    static string ParentOf(string path) => Path.GetDirectoryName(path) ?? "";
}
