using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Drover.Kernel;
using Drover.Linux.Kernel;
using Drover.Linux.Runtime;

namespace Drover.Linux.Tests.Kernel;

/// <summary>A process without free descriptors that loads a file by each call, inspects it, and prints each
/// errno.</summary>
sealed class DescriptorChild(string directory) : TestChild(Role, directory)
{
    const string Role = "DROVER_TEST_DESCRIPTOR_CHILD";

    internal string? Line() => Process.StandardOutput.ReadLine();

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "the test program serves as the child")]
    internal static void RunIfChild()
    {
        if (Environment.GetEnvironmentVariable(Role) is not { } directory)
            return;
        var file = Path.Combine(directory, "m.ko");
        File.WriteAllText(file, "");
        var loop = new LiveLoop();
        using var kernel = new LinuxKernel(new KernelThreads(loop));
        Run(); // loads the code while descriptors are free
        TestProcess.Limit(TestProcess.Descriptors, 3);
        var errors = Run();
        TestProcess.Limit(TestProcess.Descriptors, ulong.MaxValue);
        Console.WriteLine(string.Join(' ', errors.Select(ErrnoText.Name)));
        Environment.Exit(0);

        Errno[] Run()
        {
            kernel.TryInspect(file, out _, out var inspection);
            return [Load(LoadVia.FinitModule), Load(LoadVia.InitModule), inspection.Error];
        }

        Errno Load(LoadVia via) => loop.Run(() => kernel.LoadAsync(new("m", file, via, ""))).Error;
    }
}
