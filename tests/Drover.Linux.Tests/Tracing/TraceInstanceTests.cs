using Drover.Kernel;
using Drover.Linux.Tracing;

namespace Drover.Linux.Tests.Tracing;

public class TraceInstanceTests
{
    [Theory]
    [InlineData(Errno.ENOENT, false, "this kernel was built without loadable modules (CONFIG_MODULES)")]
    [InlineData(Errno.ENOENT, true, "the kernel has no trace event e: it was built without CONFIG_FTRACE_SYSCALLS")]
    [InlineData(Errno.ENOMEM, true, "the trace event e cannot be enabled: not enough memory")]
    public void Missing_trace_event_has_its_true_reason(Errno error, bool hasModules, string why) =>
        Assert.StartsWith(why, TraceInstance.WhyMissing("e", error, hasModules), StringComparison.Ordinal);
}
