using Drover.Linux.Kernel;

namespace Drover.Linux.Tests.Kernel;

public sealed class KernelHelperTests
{
    [Fact]
    public void IsThisProcess_is_false_for_a_process_started_by_a_user() => Assert.False(KernelHelper.IsThisProcess());
}
