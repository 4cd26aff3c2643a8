namespace Drover.Lab;

/// <summary>A module's name as the kernel writes it: the file's name without .ko and what follows, dashes as underscores.</summary>
static class ModuleName
{
    public static string OfFile(string path)
    {
        var file = Path.GetFileName(path);
        var end = file.IndexOf(".ko", StringComparison.Ordinal);
        return (end < 0 ? file : file[..end]).Replace('-', '_');
    }
}
