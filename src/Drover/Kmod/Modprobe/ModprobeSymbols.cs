using Drover.Cli;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Kmod;

/// <summary><c>modprobe --show-modversions FILE</c> and <c>--show-exports FILE</c>: symbols and the checksums of their types. Stateless.</summary>
static class ModprobeSymbols
{
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
        try
        {
            var symbols = exports ? ModuleVersions.Exports(file) : ModuleVersions.Uses(file);
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
            error = damaged.Fault is DataFault.OtherFormat ? Errno.ENOEXEC : Errno.EINVAL;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            run.Log.Info(problem.Message);
            error = Directory.Exists(file) ? (Errno)21 : Errno.EACCES; // EISDIR
        }
        run.Complain($"could not get {(exports ? "symbols" : "modversions")} of {file}: {StrError.Of(error)}");
        return ExitCode.Failure;
    }
}
