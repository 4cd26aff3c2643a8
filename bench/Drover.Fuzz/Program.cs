using Drover.Fuzz;
using Drover.Linux.Files;
using Drover.Modules;
using SharpFuzz;

const string Usage = """
    usage: Drover.Fuzz targets                     names them
           Drover.Fuzz instrument DIRECTORY        adds coverage to the program's assemblies there
           Drover.Fuzz instrument-steps DIRECTORY  and counts steps, for replay
           Drover.Fuzz afl TARGET                  takes inputs from afl-fuzz
           Drover.Fuzz minimise TARGET FROM TO     copies the inputs that reach all that all of FROM reach
           Drover.Fuzz replay CORPUS               runs each file of CORPUS/TARGET once
    """;

switch (args)
{
    case ["targets"]:
        Console.WriteLine(string.Join('\n', FuzzTarget.All.Select(target => target.Name)));
        return 0;
    case ["instrument" or "instrument-steps", var directory]:
        return Instrumentation.Add(directory, countsSteps: args[0] == "instrument-steps");
    case ["minimise", var name, var from, var to] when FuzzTarget.Find(name) is { } target:
        Instrumentation.Start();
        SystemFiles.Current = new LinuxFiles();
        return Minimise.Run(target, from, to);
    case ["afl", var name] when FuzzTarget.Find(name) is { } target:
        Instrumentation.Start();
        SystemFiles.Current = new LinuxFiles();
        Fuzzer.Run(stream =>
        {
            try
            {
                target.Run(Instrumentation.ReadAll(stream));
            }
            catch (Exception fault)
            {
                // afl-fuzz keeps the input only, and a later replay may end well
                Console.Error.WriteLine($"\n{fault}");
                throw;
            }
        });
        return 0;
    case ["replay", var corpus]:
        Instrumentation.Start(Replay.Count);
        SystemFiles.Current = new LinuxFiles();
        return Replay.Run(corpus);
    default:
        Console.Error.WriteLine(Usage);
        return 2;
}
