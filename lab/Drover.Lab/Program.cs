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
    (string Help, Func<IReadOnlyList<string>, CancellationToken, Task<int>> RunAsync) command = args.FirstOrDefault() switch
    {
        "run" => (RunCommand.Help, RunCommand.RunAsync),
        "compare" => (CompareCommand.Help, CompareCommand.RunAsync),
        "fidelity" => (FidelityCommand.Help, FidelityCommand.RunAsync),
        "tools" => (ToolsCommand.Help, ToolsCommand.RunAsync),
        "torture" => (TortureCommand.Help, TortureCommand.RunAsync),
        "install" => (InstallCommand.Help, InstallCommand.RunAsync),
        _ => throw new LabException("it is lab/run, lab/compare, lab/fidelity, lab/tools, lab/torture or lab/install; each has --help", LabException.Usage),
    };
    if (!rest.Contains("--help") && !rest.Contains("-h"))
        return await command.RunAsync(rest, stop.Token);
    Console.WriteLine(command.Help);
    return 0;
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
