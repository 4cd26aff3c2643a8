namespace Drover.Kmod;

/// <summary>What kmod's tools answer to <c>--version</c>.</summary>
static class ToolVersion
{
    /// <summary>The release whose behaviour the tools have: scripts take the number behind <c>kmod version</c>.</summary>
    const string KmodRelease = "30";

    /// <summary>kmod's two lines, whose second names what modules may be packed in; then who really answers.</summary>
    public static void Write(TextWriter writer)
    {
        writer.WriteLine($"kmod version {KmodRelease}");
        writer.WriteLine("+ZSTD +XZ +ZLIB +LIBCRYPTO -EXPERIMENTAL");
        writer.WriteLine($"drover {Version.Text}");
    }
}
