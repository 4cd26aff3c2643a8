using Drover.Lab.Install;

namespace Drover.Lab.Cli;

/// <summary><c>lab/install</c>: a system with systemd, before Drover, with it, and after it.</summary>
static class InstallCommand
{
    public const string Help = """
        lab/install --kernel 6.1|6.12 [--initramfs initramfs-tools|dracut] [--package FILE] [--cpus 4]
                    [--memory 4G|4G,512M,512M] [--timeout S] [--binary PATH] [--raw DIR] [--verbose]

        Boots one disk with a small Debian (systemd, udev, kmod, dpkg, and what makes its initramfs) three times:
        as it is, then with 'drover install --watch', then after 'drover uninstall', and counts who loads modules,
        from the initramfs on; the boot's own recording is to have the same calls.

          --initramfs  what makes it (default initramfs-tools)
          --package    installs this Debian package and purges it, in place of the two verbs; packaging/build-deb
                       builds it
          --memory     of all boots (default 4G), or of each
          --timeout    of each boot (default 900)
          --raw        writes what the guests sent to DIR/before, DIR/drover, DIR/after
          --verbose    shows the guests' consoles

        Ends with 0 if Drover alone loads what devices ask for while it is installed, each module once, and all
        is as before when it is not; 1 if not, 2 for a wrong command line, 3 if this machine cannot run the lab,
        130 after Ctrl-C.
        """;

    public static async Task<int> RunAsync(IReadOnlyList<string> given, CancellationToken stop)
    {
        var arguments = new ArgumentReader(given, "--verbose");
        var kernel = arguments.Choice("--kernel", [.. Kernels.All.Where(kernel => kernel != Kernels.Gates)]);
        var cpus = arguments.Number("--cpus", 1, CommonOptions.MaximumCpus, fallback: 4);
        var maker = arguments.Choice("--initramfs", ["initramfs-tools", "dracut"], "initramfs-tools");
        var package = arguments.Text("--package") is { } file ? Path.GetFullPath(file) : null;
        var memories = arguments.Memories("--memory", "4G", 3);
        var settings = CommonOptions.GuestSettings(arguments);
        arguments.End();
        if (package is null)
            Laboratory.HashOf(settings.Binary); // says so where there is none
        else if (!File.Exists(package))
            throw new LabException($"there is no {package}: packaging/build-deb builds one", LabException.CannotRunHere);

        using var laboratory = new Laboratory(settings, message => Console.Error.WriteLine("lab: " + message));
        var boots = new List<BootReport>();
        Console.WriteLine(InstallRun.Header);
        await foreach (var boot in InstallRun.RunAsync(laboratory, kernel, maker, package, cpus, memories, settings, stop))
        {
            Console.WriteLine(InstallRun.Line(boot));
            boots.Add(boot);
        }
        var problems = InstallRun.Judge(boots);
        foreach (var problem in problems)
            Console.WriteLine(problem);
        if (problems.Count == 0)
            Console.WriteLine("as it should be");
        return problems.Count == 0 ? 0 : LabException.Failed;
    }
}
