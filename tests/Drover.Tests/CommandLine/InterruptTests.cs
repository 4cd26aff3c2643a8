using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Drover.CommandLine;
using Drover.Linux.Tests;

namespace Drover.Tests.CommandLine;

public class InterruptTests
{
    [Fact]
    public void Signal_in_the_middle_of_Dispose_is_handled()
    {
        using var child = new InterruptChild();
        Assert.Equal(0, child.Wait());
    }
}

/// <summary>A process whose first handler of a signal disposes what the second belongs to.</summary>
sealed class InterruptChild() : TestChild(Role, "yes")
{
    const string Role = "DROVER_TEST_INTERRUPT_CHILD";

    internal int Wait()
    {
        Process.WaitForExit();
        return Process.ExitCode;
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "the test program serves as the child")]
    internal static void RunIfChild()
    {
        if (Environment.GetEnvironmentVariable(Role) is null)
            return;
        using Interrupt first = new(), second = new(), last = new();
        first.Token.Register(second.Dispose);
        System.Diagnostics.Process.Start("kill", ["-TERM", $"{Environment.ProcessId}"]).WaitForExit();
        last.Token.WaitHandle.WaitOne();
        Environment.Exit(0);
    }
}
