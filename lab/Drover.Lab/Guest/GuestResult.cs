using System.Formats.Tar;
using System.IO.Compression;

namespace Drover.Lab.Guest;

/// <summary>The text files that the guest sent, with the guest's line ends.</summary>
sealed class GuestResult(IReadOnlyDictionary<string, string> files, TimeSpan loaderCpu)
{
    public TimeSpan LoaderCpu { get; } = loaderCpu; // QEMU's CPU time while the loader ran
    public string? Text(string name) => files.GetValueOrDefault(name);
    public string Required(string name) => Text(name) ?? throw new LabException($"the guest sent no {name}");

    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, text) in files)
            File.WriteAllText(Path.Combine(folder, name), text);
    }

    /// <summary>Null if the archive is incomplete: the guest stopped before or while it sent.</summary>
    public static async Task<GuestResult?> ReadAsync(
        string archive, TimeSpan loaderCpu, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            await using var raw = File.OpenRead(archive);
            await using var unpacked = new GZipStream(raw, CompressionMode.Decompress);
            await using var tar = new TarReader(unpacked);
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            {
                if (entry.EntryType == TarEntryType.Directory)
                    continue;
                // an empty file has no stream
                using var reader = new StreamReader(entry.DataStream ?? Stream.Null);
                files[Path.GetFileName(entry.Name)] = await reader.ReadToEndAsync(cancellationToken);
            }
        }
        catch (Exception problem)
            when (problem is InvalidDataException or EndOfStreamException or FileNotFoundException)
        {
            return null;
        }
        return files.Count == 0 ? null : new GuestResult(files, loaderCpu);
    }
}
