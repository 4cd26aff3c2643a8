using Drover.Loading;

namespace Drover.Linux.Tests;

public sealed class ErrnoTextTests
{
    [Fact]
    public void Every_named_errno_has_the_name_of_its_number_and_a_sentence()
    {
        foreach (var error in Enum.GetValues<Errno>().Where(e => e is not Errno.None))
        {
            Assert.Equal(error.ToString(), ErrnoText.Name(error));
            Assert.NotEqual(error.ToString(), ErrnoText.Describe(error));
        }
    }

    [Theory]
    [InlineData(6, "ENXIO")]
    [InlineData(61, "ENODATA")]
    [InlineData(98, "EADDRINUSE")]
    [InlineData(133, "EHWPOISON")]
    [InlineData(41, "errno 41")]
    [InlineData(134, "errno 134")]
    [InlineData(517, "errno 517")]
    [InlineData(-5, "errno -5")]
    public void An_errno_is_named_by_its_number(int number, string name) => Assert.Equal(name, ErrnoText.Name((Errno)number));
}
