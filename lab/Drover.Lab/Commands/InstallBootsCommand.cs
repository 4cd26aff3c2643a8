using System.CommandLine;
using Drover.Lab.Install;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;
using static Drover.Lab.Commands.LabOptions;

namespace Drover.Lab.Commands;

static class InstallBootsCommand
{
    static readonly string[] s_makers = ["initramfs-tools", "dracut"];
    static readonly ValueOption<GuestSystem> s_system = SystemOf(
        [.. GuestSystem.Names.Where(name => !GuestSystem.Parse(name).IsGates)]);
    static readonly ValueOption<int> s_cpus = Cpus("4");
    static readonly ValueOption<string> s_initramfs = new(
        "--initramfs", string.Join('|', s_makers), "the program that makes it", OneOf(s_makers), s_makers[0]);
    static readonly ValueOption<string[]> s_packages = new(
        "--package", "FILE[,…]", "install and purge Debian packages, of packaging/build-deb, in place of the two verbs",
        text => [.. text.Split(',').Select(Path.GetFullPath)]);
    static readonly ValueOption<string[]> s_earlier = new(
        "--upgrade-from", "FILE[,…]", "boot packages of an earlier version, upgrade and downgrade them",
        text => [.. text.Split(',').Select(Path.GetFullPath)]);
    static readonly ValueOption<IReadOnlyList<string>> s_memory = new(
        "--memory", "SIZE[,…]", "of all boots, or before, with and after Drover: 4G,512M,512M",
        Sizes(InstallRun.Memories), "4G");

    public static LabCommand Create() => new(
        "install",
        "Boots one disk with a small Debian (systemd, udev, kmod, dpkg, and the initramfs' maker) three times: as it "
        + "is, after 'drover install --watch', and after 'drover uninstall'. Counts the load calls by program from the "
        + "initramfs on; the boot's own recording must have the same calls.",
        """
        lab/install --system debian13
        lab/install --system sid --initramfs dracut --memory 4G,512M,512M
        lab/install --system debian12 \
            --package artifacts/drover_0.2.0_amd64.deb,artifacts/drover-daemon_0.2.0_amd64.deb --raw /tmp/install
        """,
        "installed, Drover alone loads modules for devices, each once; uninstalled, the system is as before",
        "otherwise",
        RunAsync, s_system, s_cpus, s_initramfs, s_packages, s_earlier, s_memory, TimeLimit, Binary, StudyBinary, Raw,
        Verbose);

    static async Task<int> RunAsync(ParseResult line, LabHost host)
    {
        var (settings, packages, earlier) = (Settings(line), s_packages.Of(line) ?? [], s_earlier.Of(line) ?? []);
        if (packages.Length == 0 && earlier.Length > 0)
            throw LabException.Usage("--upgrade-from needs --package: the packages to upgrade to");
        if (Array.Find([.. packages, .. earlier], package => !File.Exists(package)) is { } missing)
            throw LabException.CannotRunHere($"{missing} does not exist: packaging/build-deb builds one");

        var parameters = new InstallParameters(
            s_system.Of(line), s_initramfs.Of(line), packages, earlier, s_cpus.Of(line), s_memory.Of(line));
        using var laboratory = new Laboratory(settings, host);
        var boots = new List<BootReport>();
        Console.WriteLine(InstallRun.Header);
        await foreach (var boot in InstallRun.RunAsync(host, laboratory, parameters, settings))
        {
            Console.WriteLine(InstallRun.Line(boot));
            boots.Add(boot);
        }
        var problems = InstallRun.Judge(boots);
        foreach (var problem in problems.DefaultIfEmpty("OK"))
            Console.WriteLine(problem);
        return problems.Count == 0 ? 0 : LabException.FailedCode;
    }
}
