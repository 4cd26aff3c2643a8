using System.Globalization;
using System.Text;

namespace Drover.Verbs.Audit;

/// <summary>Which kmod a root file system has: udev loads with the library of the same package. Stateless.</summary>
static class KmodVersion
{
    /// <summary>The first one that lets the kernel decompress (kmod's NEWS, kmod 31); those before it unpack by themselves and call init_module.</summary>
    public const int LetsKernelDecompress = 31;

    /// <summary>kmod has some 200 KB; a busybox that is called so has none of its words.</summary>
    const int MostBytes = 8 << 20;

    static readonly string[] Places = ["usr/bin/kmod", "bin/kmod", "usr/sbin/kmod", "sbin/kmod"];

    /// <summary>What its program says of itself, without running it; null where there is none, or it does not tell.</summary>
    public static int? Find(string root)
    {
        foreach (var place in Places)
        {
            if (Read(Path.Join(root, place)) is { } version)
                return version;
        }
        return null;
    }

    /// <summary>The number in the text that <c>kmod --version</c> prints.</summary>
    internal static int? In(ReadOnlySpan<byte> program)
    {
        var words = "kmod version "u8;
        var at = program.IndexOf(words);
        if (at < 0)
            return null;
        var rest = program[(at + words.Length)..];
        var end = rest.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return int.TryParse(Encoding.ASCII.GetString(end < 0 ? rest : rest[..end]), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : null;
    }

    static int? Read(string path)
    {
        try
        {
            return new FileInfo(path) is { Exists: true } file && file.ResolveLinkTarget(returnFinalTarget: true) is var target && ((FileInfo?)target ?? file) is { Exists: true, Length: <= MostBytes } program
                ? In(File.ReadAllBytes(program.FullName))
                : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
