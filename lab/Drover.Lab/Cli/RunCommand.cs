using Drover.Lab.Guest;
using Drover.Lab.Report;

namespace Drover.Lab.Cli;

/// <summary><c>lab/run</c>: one guest, one report.</summary>
static class RunCommand
{
    public const string Help = """
        lab/run --kernel 6.1|6.12|gates --cpus N --loader drover|daemon|udev|modprobe|list
                [--gate none|exclusive|idempotent] [--memory 4G] [--json FILE]
                [--timeout S] [--binary PATH] [--drover-args OPTIONS] [--raw DIR] [--verbose]
                [--devices NAME,…] [--qemu-args OPTIONS] [--watch] [--audit [--boot FILE]] [--scenario FILE [--slowdown N] [--guest]]

        Boots a real kernel in QEMU, lets one loader do the coldplug, and prints what the kernel saw.

          --kernel    6.1 and 6.12 are Debian's; gates is built here once, 6.12 with a choice of gate
          --cpus      1 to 255; every CPU is a device that asks for the same modules
          --loader    drover    drover coldplug
                      daemon    drover daemon --own-modprobe, and udev beside it as below, but without module loads; drover settle
                      udev      systemd-udevd, udevadm trigger, udevadm settle
                      modprobe  find /sys/devices -name modalias … | sort -u | xargs modprobe -abq
                      list      modprobe -abq with exactly the modules udev ends with
          --gate      for kernel gates: what a second load of a file in flight meets (default idempotent)
          --memory    of the guest (default 4G)
          --json      writes the report, with every traced call, to FILE
          --timeout   seconds until a guest counts as hung (default 180 + 6 a CPU)
          --binary    the drover to test (default artifacts/native/drover, which ./drover builds)
          --drover-args  more options for drover coldplug or daemon, as one word: '--jobs 1'
          --devices   more devices for the guest, by QEMU's names ('qemu-system-x86_64 -device help')
          --qemu-args more options for QEMU, as one word: '-d in_asm -D /tmp/code'
          --watch     runs drover watch beside the loader, and says whether it saw what the trace has
          --audit     runs drover audit before the loader, and puts its prediction beside the calls
          --boot      tells the audit before the loader what an earlier boot has shown: watch.jsonl, as
                      --watch --raw DIR leaves it in DIR
          --scenario  for loader drover, which then loads one module after another: writes the machine to
                      FILE for the model, with the times the calls took. --slowdown says how much
                      slower the emulated CPU is than a real one (default 20), --guest keeps its times
          --raw       writes what the guest sent (the trace, /proc/modules, …) to DIR
          --verbose   shows the guest's console

        Examples
          lab/run --kernel 6.1 --cpus 32 --loader udev
          lab/run --kernel gates --gate exclusive --cpus 32 --loader drover --json /tmp/run.json
          lab/run --kernel 6.1 --cpus 8 --loader drover --devices ich9-usb-ehci1,qemu-xhci --scenario /tmp/machine.json

        Ends with 0 if the guest ran and sent its results (loaderStatus tells how the loader ended; the
        one-liner's is 123 when a module failed), 1 if it did not, 2 for a wrong command line, 3 if this
        machine cannot run the lab, 130 after Ctrl-C.
        """;

    public static async Task<int> RunAsync(IReadOnlyList<string> given, CancellationToken stop)
    {
        var arguments = new ArgumentReader(given, "--verbose", "--guest", "--watch", "--audit");
        var kernel = arguments.Choice("--kernel", Kernels.All);
        var cpus = arguments.Number("--cpus", 1, CommonOptions.MaximumCpus);
        var loader = CommonOptions.Parse<Loader>(arguments.Choice("--loader", CommonOptions.Loaders));
        var own = Kernels.DefaultGate(kernel).ToString().ToLowerInvariant();
        var gate = arguments.Choice("--gate", CommonOptions.Gates, own);
        if (kernel != Kernels.Gates && gate != own)
            throw ArgumentReader.Wrong($"Debian's {kernel} has the gate it has, {own}; only --kernel gates has a choice");
        var json = arguments.Text("--json");
        var settings = CommonOptions.GuestSettings(arguments);
        settings = settings with
        {
            Devices = arguments.Names("--devices"),
            QemuArguments = (arguments.Text("--qemu-args") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries),
            Watch = arguments.Flag("--watch"),
            Audit = arguments.Flag("--audit"),
        };
        if (arguments.Text("--boot") is { } boot)
            settings = settings with { EarlierBoot = settings.Audit ? Read(boot) : throw ArgumentReader.Wrong("--boot is for --audit") };
        var scenario = ScenarioWish.Read(arguments, loader, settings.Binary);
        arguments.End();

        if (scenario is not null)
            settings = settings with { DroverArguments = $"{settings.DroverArguments} {ScenarioWish.OneAfterAnother}" };
        using var laboratory = new Laboratory(settings, message => Console.Error.WriteLine("lab: " + message));
        var report = await laboratory.RunAsync(new Point(kernel, CommonOptions.Parse<Gate>(gate), cpus, loader), stop);
        if (json is not null)
            report.Write(json);
        if (scenario is not null)
            await scenario.WriteAsync(report, stop);
        Console.Write(ReportText.Of(report));
        if (report.DroverErrors is { } errors)
            Console.Error.Write(errors);
        return 0;
    }

    static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw ArgumentReader.Wrong($"--boot: {problem.Message}");
        }
    }
}
