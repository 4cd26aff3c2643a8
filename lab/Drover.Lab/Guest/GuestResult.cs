using System.Formats.Tar;

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

    /// <param name="archive">A tar archive.</param>
    public static GuestResult Read(byte[] archive, TimeSpan loaderCpu)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using var tar = new TarReader(new MemoryStream(archive));
            while (tar.GetNextEntry() is { } entry)
            {
                if (entry.EntryType == TarEntryType.Directory)
                    continue;
                // an empty file has no stream
                using var reader = new StreamReader(entry.DataStream ?? Stream.Null);
                files[Path.GetFileName(entry.Name)] = reader.ReadToEnd();
            }
        }
        catch (Exception problem) when (problem is InvalidDataException or EndOfStreamException)
        {
            throw new LabException($"the guest's results are damaged: {problem.Message}");
        }
        return new GuestResult(files, loaderCpu);
    }
}
