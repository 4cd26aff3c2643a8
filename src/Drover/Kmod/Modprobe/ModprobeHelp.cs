namespace Drover.Kmod;

/// <summary>What <c>modprobe --help</c> prints: kmod's options in its order, then what is ours.</summary>
static class ModprobeHelp
{
    public const string Text =
        """
        Usage:
        	modprobe [options] [-i] [-b] modulename
        	modprobe [options] -a [-i] [-b] modulename [modulename...]
        	modprobe [options] -r [-i] modulename
        	modprobe [options] -r -a [-i] modulename [modulename...]
        	modprobe [options] -c
        	modprobe [options] --dump-modversions filename
        Management Options:
        	-a, --all                   every argument is a module to insert, or to remove with -r
        	-r, --remove                remove modules instead of inserting them
        	    --remove-holders        with -r: those that use the module, too
        	    --remove-dependencies   an old name of --remove-holders
        	-w, --wait <MSEC>           with -r: how long to wait until a module is no longer in use
        	    --first-time            fail if the module is there already, or is not there to be removed
        	-i, --ignore-install        no install command and no softdeps of the module itself
        	-i, --ignore-remove         the same when it is removed
        	-b, --use-blacklist         blacklisted is blacklisted, by its own name too
        	-f, --force                 both of the next two; with -r: even while in use
        	    --force-modversion      whatever the versions of its symbols
        	    --force-vermagic        whatever kernel it was built for

        Query Options:
        	-R, --resolve-alias         print what a name stands for
        	-D, --show-depends          print what would be done, whatever is loaded
        	-c, --showconfig            print the configuration and the indexes
        	-c, --show-config           the same
        	    --show-modversions      print the versions of the symbols that a file uses
        	    --dump-modversions      the same
        	    --show-exports          print the versions of the symbols that a file exports
        	    --explain               tell which line of which file decided what (Drover)

        General Options:
        	-n, --dry-run               do nothing, with -v print what would be done
        	-n, --show                  the same
        	-C, --config=FILE           a file or directory in the place of all modprobe.d
        	-d, --dirname=DIR           below which lib/modules is
        	-S, --set-version=VERSION   whose modules, instead of the running kernel's
        	    --first-softdep         as kmod 30: of a module's softdep lines only the first (Drover)
        	    --json                  with -R, -D, -c: as JSON (Drover)
        	-s, --syslog                messages to syslog, not to standard error
        	-q, --quiet                 no messages
        	-v, --verbose               more messages
        	-V, --version               the version
        	-h, --help                  this text

        """;
}
