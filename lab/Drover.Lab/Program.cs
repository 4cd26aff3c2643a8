using System.Runtime.InteropServices;
using Drover.Lab;
using Drover.Lab.Cli;

// Ctrl-C and a polite kill end the guests too
const int interrupted = 130;
using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

try
{
    var rest = args.Skip(1).ToList();
    var help = rest.Contains("--help") || rest.Contains("-h");
    switch (args.FirstOrDefault())
    {
        case "run" when help:
            Console.WriteLine(RunCommand.Help);
            return 0;
        case "run":
            return await RunCommand.RunAsync(rest, stop.Token);
        case "compare" when help:
            Console.WriteLine(CompareCommand.Help);
            return 0;
        case "compare":
            return await CompareCommand.RunAsync(rest, stop.Token);
        case "fidelity" when help:
            Console.WriteLine(FidelityCommand.Help);
            return 0;
        case "fidelity":
            return await FidelityCommand.RunAsync(rest, stop.Token);
        case "tools" when help:
            Console.WriteLine(ToolsCommand.Help);
            return 0;
        case "tools":
            return await ToolsCommand.RunAsync(rest, stop.Token);
        case "install" when help:
            Console.WriteLine(InstallCommand.Help);
            return 0;
        case "install":
            return await InstallCommand.RunAsync(rest, stop.Token);
        default:
            throw new LabException("it is lab/run, lab/compare, lab/fidelity, lab/tools or lab/install; each has --help", LabException.Usage);
    }
}
catch (LabException problem)
{
    Console.Error.WriteLine("lab: " + problem.Message);
    return problem.ExitCode;
}
catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
{
    // the cache, or a file named on the command line
    Console.Error.WriteLine("lab: " + problem.Message);
    return LabException.Failed;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("lab: stopped");
    return interrupted;
}
