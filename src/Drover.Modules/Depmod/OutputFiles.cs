using System.Globalization;

namespace Drover.Modules.Depmod;

/// <summary>
/// Files that take the place of others all at once: each is written whole under a temporary name first, and only when all are there they are renamed. A crash leaves
/// either the old file or the new one, and perhaps one of a temporary name; a full disk leaves the old ones.
/// </summary>
internal sealed class OutputFiles(string directory, long nowNs) : IDisposable
{
    /// <summary>As kmod makes them, whatever the umask would allow.</summary>
    const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    readonly List<(string Temporary, string Name)> _written = [];

    /// <summary>What a file is called until it is put into place.</summary>
    public string TemporaryName(string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}.{Environment.ProcessId}.{nowNs / 1000 % 1_000_000}.{nowNs / 1_000_000_000}");

    /// <summary>Writes one under its temporary name.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void Write(string name, ReadOnlySpan<byte> content)
    {
        var temporary = $"{directory}/{TemporaryName(name)}";
#pragma warning disable CA1416 // only Linux has modules
        using var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = Mode });
#pragma warning restore CA1416
        _written.Add((temporary, name));
        file.Write(content);
    }

    /// <summary>Puts all into place, in the order in which they were written.</summary>
    /// <param name="failed">The first that cannot be renamed; it and those behind it are taken away.</param>
    /// <param name="errno">Why.</param>
    public bool TryCommit(out string failed, out int errno)
    {
        while (_written.Count > 0)
        {
            var (temporary, name) = _written[0];
            try
            {
                File.Move(temporary, $"{directory}/{name}", overwrite: true);
            }
            catch (Exception problem) when (FileProblem.ErrnoOf(problem) is { } number)
            {
                (failed, errno) = (name, number);
                return false;
            }
            _written.RemoveAt(0);
        }
        (failed, errno) = ("", 0);
        return true;
    }

    /// <summary>Takes away what was not put into place.</summary>
    public void Dispose()
    {
        foreach (var (temporary, _) in _written)
        {
            try
            {
                File.Delete(temporary);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                // what led here has been told
            }
        }
        _written.Clear();
    }
}
