using Drover.Bench;
using Drover.Linux.Files;
using Drover.Modules;

SystemFiles.Current = new LinuxFiles();
switch (args)
{
    case []:
    case ["lookup"]:
        return LookupBench.Run();
    case ["policy"]:
        return PolicyBench.Run();
    case ["model"]:
        return ModelBench.Run();
    default:
        Console.Error.WriteLine("usage: Drover.Bench [lookup|policy|model]");
        return 2;
}
