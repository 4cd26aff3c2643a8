using Drover.Bench;
using Drover.Linux.Files;
using Drover.Modules;

SystemFiles.Current = new LinuxFiles();
switch (args)
{
    case []:
    case ["lookup"]:
        return LookupBench.Run();
    case ["model"]:
        return ModelBench.Run();
    default:
        Console.Error.WriteLine("usage: Drover.Bench [lookup|model]");
        return 2;
}
