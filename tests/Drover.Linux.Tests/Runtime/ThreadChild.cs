using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Drover.Linux.Runtime;

namespace Drover.Linux.Tests.Runtime;

/// <summary>A process of a user above its thread limit that starts one more thread, and prints
/// <c>none</c> or <c>one</c>.</summary>
sealed class ThreadChild : TestChild
{
    const string Role = "DROVER_TEST_THREAD_CHILD";

    ThreadChild()
        : base(Role, "1")
    {
    }

    internal static ThreadChild Start() => new();

    internal string? Line() => Process.StandardOutput.ReadLine();

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "the test program serves as the child")]
    internal static void RunIfChild()
    {
        if (Environment.GetEnvironmentVariable(Role) is null)
            return;
        TestProcess.BecomeOrdinaryUser(); // the limit does not apply to root
        TestProcess.Limit(TestProcess.Threads, 1);
        var second = BackgroundThread.TryStart("second", () => { });
        TestProcess.Limit(TestProcess.Threads, ulong.MaxValue); // the console starts a thread
        Console.WriteLine(second is null ? "none" : "one");
        Environment.Exit(0);
    }
}
