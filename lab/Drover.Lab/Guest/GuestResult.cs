using System.Formats.Tar;
using System.IO.Compression;

namespace Drover.Lab.Guest;

/// <summary>The files that the guest sent. Text only, line ends as the guest wrote them.</summary>
sealed class GuestResult(IReadOnlyDictionary<string, string> files, TimeSpan loaderCpu)
{
    /// <summary>QEMU's CPU time while the loader ran.</summary>
    public TimeSpan LoaderCpu { get; } = loaderCpu;

    /// <summary>The file's text, or null where the guest had none.</summary>
    public string? Text(string name) => files.GetValueOrDefault(name);

    public string Required(string name) => Text(name) ?? throw new LabException($"the guest sent no {name}: the trace or /proc was not what init expects");

    /// <summary>Writes the files as they came, for whoever wants to check a report against its evidence.</summary>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, text) in files)
            File.WriteAllText(Path.Combine(folder, name), text);
    }

    /// <summary>Null if the archive is not whole: the guest died before or while it sent.</summary>
    public static async Task<GuestResult?> ReadAsync(string archive, TimeSpan loaderCpu, CancellationToken stop)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            await using var raw = File.OpenRead(archive);
            await using var unpacked = new GZipStream(raw, CompressionMode.Decompress);
            await using var tar = new TarReader(unpacked);
            while (await tar.GetNextEntryAsync(copyData: false, stop) is { } entry)
            {
                if (entry.EntryType == TarEntryType.Directory)
                    continue;
                // an empty file has no stream
                using var reader = new StreamReader(entry.DataStream ?? Stream.Null);
                files[Path.GetFileName(entry.Name)] = await reader.ReadToEndAsync(stop);
            }
        }
        catch (Exception problem) when (problem is InvalidDataException or EndOfStreamException or FileNotFoundException)
        {
            return null;
        }
        return files.Count == 0 ? null : new GuestResult(files, loaderCpu);
    }
}
