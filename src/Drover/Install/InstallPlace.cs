using Drover.Cli;
using Drover.Verbs;

namespace Drover.Install;

/// <summary>The root that install and uninstall are about.</summary>
sealed record InstallPlace(string Root)
{
    public bool IsThisMachine => Root == "/";

    /// <exception cref="CannotException">There is no such directory.</exception>
    public static InstallPlace Of(Arguments arguments)
    {
        var root = Path.GetFullPath(arguments.Text(CommonOptions.Root) ?? "/");
        return Directory.Exists(root) ? new InstallPlace(root) : throw new CannotException($"there is no directory {root}: name the root of a system with --root");
    }

    /// <exception cref="CannotException">This machine is meant, by somebody who may not change it.</exception>
    public void RequireRoot()
    {
        if (IsThisMachine && !Environment.IsPrivilegedProcess)
            throw new CannotException("only root may change this machine: run it with sudo, or see with --dry-run what it would do");
    }
}
