using Drover.Modules.Containers;
using Drover.Modules.Image;
using Drover.Modules.Signature;

namespace Drover.Modules.Config;

/// <summary>What a policy reads from a module's file.</summary>
/// <param name="Name">The name by which the kernel will know it, normalised; null if the file is no module.</param>
/// <param name="Signer">Empty for a signature without a name; null for none.</param>
public readonly record struct ModuleFileText(string? Name, string? Signer);

/// <summary>Reads files for a policy, each version once. For one thread.</summary>
sealed class ModuleFileTexts
{
    readonly Dictionary<string, KnownFile> _known = [];

    /// <summary>Instead of the file itself.</summary>
    public Func<string, ModuleFileText>? Read { get; init; }

    /// <summary>Nothing for a file that cannot be read: the kernel will not load it either.</summary>
    public ModuleFileText Of(string path)
    {
        if (Read is not null)
            return Read(path);
        var file = new FileInfo(path);
        if (!file.Exists)
            return default;
        var (modifiedTicks, bytes) = (file.LastWriteTimeUtc.Ticks, file.Length);
        if (_known.TryGetValue(path, out var known) && known.ModifiedTicks == modifiedTicks && known.Bytes == bytes)
            return known.Text;
        var text = OfFile(path);
        _known[path] = new KnownFile(modifiedTicks, bytes, text);
        return text;
    }

    static ModuleFileText OfFile(string path) =>
        TryRead(() => ModuleFile.ReadImage(path)) is { } image
            ? new(
                TryRead(() => ModuleName.Normalize(ModuleImage.Parse(image, path).Name)),
                TryRead(() => ModuleSignature.Read(new MemorySource(image, path)))?.Signer)
            : default;

    // a tuple with a DateTime would link its formats and all time zones: 100 KB
    sealed class KnownFile(long modifiedTicks, long bytes, ModuleFileText text)
    {
        public long ModifiedTicks => modifiedTicks;

        public long Bytes => bytes;

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
