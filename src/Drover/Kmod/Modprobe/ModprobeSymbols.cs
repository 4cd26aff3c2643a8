using Drover.Cli;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Kmod;

/// <summary><c>modprobe --show-modversions FILE</c> and <c>--show-exports FILE</c>: symbols and the checksums of their types. Stateless.</summary>
static class ModprobeSymbols
{
    /// <summary>As many bytes kmod reads of a file to see how it is packed (xz's magic).</summary>
    const int LongestMagic = 6;

    /// <summary>EI_NIDENT, the part of an ELF header that is the same in all.</summary>
    const int IdentLength = 16;

    /// <returns>The exit status.</returns>
    public static int Write(ModprobeRun run, string file)
    {
        var exports = run.Options.Task is ModprobeTask.ShowExports;
        if (!File.Exists(file) && !Directory.Exists(file))
        {
            run.Complain($"Module {file} not found.");
            return ExitCode.Failure;
        }
        Errno error;
        byte[]? image = null;
        try
        {
            image = ModuleFile.ReadImage(file);
            var symbols = exports ? ModuleVersions.Exports(image, file) : ModuleVersions.Uses(image, file);
            if (symbols is not null)
            {
                foreach (var (name, crc) in symbols)
                    run.Terminal.Out.WriteLine($"0x{crc:x8}\t{name}");
                return ExitCode.Ok;
            }
            error = Errno.ENOENT;
        }
        catch (ModuleDataException damaged)
        {
            run.Log.Info(damaged.Message);
            error = image is null || IsDamagedElf(image) ? Errno.EINVAL : Errno.ENOEXEC;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            run.Log.Info(problem.Message);
            error = Directory.Exists(file) ? (Errno)21 : Errno.EACCES; // EISDIR
        }
        run.Complain($"could not get {(exports ? "symbols" : "modversions")} of {file}: {StrError.Of(error)}");
        return ExitCode.Failure;
    }

    /// <summary>For kmod, what is too short to tell is damaged, and anything else is of another format.</summary>
    static bool IsDamagedElf(ReadOnlySpan<byte> image) => image.Length < LongestMagic || (image.Length > IdentLength && image.StartsWith("\u007fELF"u8));
}
