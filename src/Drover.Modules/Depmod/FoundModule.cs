using System.Text;

namespace Drover.Modules.Depmod;

/// <summary>A module's file. Its place and dependencies are set while depmod orders modules, by one thread.</summary>
internal sealed class FoundModule
{
    const string Ending = ".ko";

    /// <param name="path">Absolute.</param>
    /// <param name="directory">The module directory, without a slash at its end.</param>
    /// <param name="name">Normalised.</param>
    public FoundModule(string path, string directory, string name, FileIdentity? identity)
    {
        (Path, Name, Identity) = (path, name, identity);
        var isBelow = path.StartsWith(directory, StringComparison.Ordinal) && path.Length > directory.Length && path[directory.Length] == '/';
        ShortPath = isBelow ? path[(directory.Length + 1)..] : path;
        if (!isBelow)
            return;
        // as long as the module's name and ".ko": whatever compresses it is cut off
        var length = ShortPath.LastIndexOf('/') + 1 + name.Length + Ending.Length;
        OrderPath = ShortPath[..Math.Min(ShortPath.Length, length)];
    }

    public string Path { get; }

    /// <summary>Below the module directory the path from there, elsewhere the whole: as modules.dep has it.</summary>
    public string ShortPath { get; }

    /// <summary>As modules.order has it, or null for one that is elsewhere.</summary>
    public string? OrderPath { get; }

    public string Name { get; }

    /// <summary>The name's bytes, for text files.</summary>
    public byte[] NameBytes => field ??= Encoding.UTF8.GetBytes(Name);

    /// <summary>Null where it was not looked at.</summary>
    public FileIdentity? Identity { get; }

    public ModuleFacts Facts { get; set; } = new();

    /// <summary>Its place among all modules, which is its priority in the indexes.</summary>
    public int Index { get; set; }

    /// <summary>Modules that export what it needs, each once.</summary>
    public List<FoundModule> Dependencies { get; } = [];

    /// <summary>How many modules depend on it.</summary>
    public int Users { get; set; }

    /// <summary>Its place in an order in which who needs stands before what is needed.</summary>
    public int DependencyRank { get; set; } = int.MaxValue;
}
