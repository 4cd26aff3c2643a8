using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Drover.Kernel;
using Drover.Linux.Kernel;
using Drover.Linux.Runtime;

namespace Drover.Linux.Tests.Kernel;

/// <summary>A process without free descriptors that loads a file and prints the errno.</summary>
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
        var call = new LoadCall("m", file, LoadVia.FinitModule, "");
        loop.Run(() => kernel.LoadAsync(call)); // loads the code while descriptors are free
        _ = ErrnoText.Name(Errno.EMFILE);
        TestProcess.Limit(TestProcess.Descriptors, 3);
        var reply = loop.Run(() => kernel.LoadAsync(call));
        TestProcess.Limit(TestProcess.Descriptors, ulong.MaxValue);
        Console.WriteLine(ErrnoText.Name(reply.Error));
        Environment.Exit(0);
    }
}
