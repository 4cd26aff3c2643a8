using Drover.Lab.Commands;
using Drover.Linux.Files;
using Drover.Modules;

const int interrupted = 130;
// the model's module trees are read through it
SystemFiles.Current = new LinuxFiles();
try
{
    return await LabCommand.RunAsync(args);
}
catch (LabException problem)
{
    LabCommand.Log(problem.Message);
    return problem.ExitCode;
}
catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
{
    // in the cache, or in a file of the command line
    LabCommand.Log(problem.Message);
    return LabException.FailedCode;
}
catch (OperationCanceledException)
{
    LabCommand.Log("interrupted");
    return interrupted;
}
