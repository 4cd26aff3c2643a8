using Drover.Modules.Containers;
using Drover.Modules.Image;
using Drover.Modules.Signature;

namespace Drover.Modules.Config;

/// <summary>What a policy reads from a module's file.</summary>
/// <param name="Name">The name by which the kernel will know it, normalised; null if the file is no module.</param>
/// <param name="Signer">Empty for a signature without a name; null for none.</param>
public readonly record struct ModuleFileText(string? Name, string? Signer);

/// <summary>Reads files for a policy, each version once. For one thread.</summary>
/// <param name="versionOf">A text that changes with a file; null for a missing file. Null: each file is read every
/// time.</param>
sealed class ModuleFileTexts(Func<string, string?>? versionOf)
{
    readonly Dictionary<string, KnownFile> _known = [];

    /// <summary>Instead of the file itself.</summary>
    public Func<string, ModuleFileText>? Read { get; init; }

    /// <summary>Nothing for a file that cannot be read: the kernel will not load it either.</summary>
    public ModuleFileText Of(string path)
    {
        if (Read is not null)
            return Read(path);
        if (versionOf is null)
            return OfFile(path);
        if (versionOf(path) is not { } version)
            return default;
        if (_known.TryGetValue(path, out var known) && known.Version == version)
            return known.Text;
        var text = OfFile(path);
        _known[path] = new KnownFile(version, text);
        return text;
    }

    static ModuleFileText OfFile(string path) =>
        TryRead(() => ModuleFile.ReadImage(path)) is { } image
            ? new(
                TryRead(() => ModuleName.Normalize(ModuleImage.Parse(image, path).Name)),
                TryRead(() => ModuleSignature.Read(new MemorySource(image, path)))?.Signer)
            : default;

    sealed class KnownFile(string version, ModuleFileText text)
    {
        public string Version => version;

        public ModuleFileText Text => text;
    }

    static T? TryRead<T>(Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception problem) when (
            problem is ModuleDataException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
