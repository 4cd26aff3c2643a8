using Drover.CommandLine;
using Drover.Text;

namespace Drover.Install;

/// <summary>The root that install and uninstall work on.</summary>
sealed record InstallPlace(string Root)
{
    public bool IsThisMachine => Root == "/";

    /// <exception cref="CommandException">There is no such directory.</exception>
    public static InstallPlace Of(Arguments arguments)
    {
        var named = arguments.Text(CommonOptions.Root) ?? "/";
        if (!ByteText.IsUtf8(named))
            throw new CommandException($"{named}: --root takes names in UTF-8 only");
        var root = Path.GetFullPath(named);
        if (File.Exists(root))
            throw new CommandException($"{root} is not a directory: give the root of a system with --root");
        return Directory.Exists(root)
            ? new InstallPlace(root)
            : throw new CommandException($"no directory {root}: give the root of a system with --root");
    }

    /// <exception cref="CommandException">The root is this machine's, and this process is not privileged.</exception>
    public void RequireRoot()
    {
        if (IsThisMachine && !Environment.IsPrivilegedProcess)
            throw new CommandException("permission denied: run this as root, or add --dry-run to print the changes");
    }
}
