using Drover.Kernel;

namespace Drover.Linux.Tests;

public sealed class ErrnoTextTests
{
    [Theory]
    [InlineData(Errno.EPERM)]
    [InlineData(Errno.ENOENT)]
    [InlineData(Errno.EINTR)]
    [InlineData(Errno.EIO)]
    [InlineData(Errno.ENOEXEC)]
    [InlineData(Errno.EBADF)]
    [InlineData(Errno.EAGAIN)]
    [InlineData(Errno.ENOMEM)]
    [InlineData(Errno.EACCES)]
    [InlineData(Errno.EFAULT)]
    [InlineData(Errno.EBUSY)]
    [InlineData(Errno.EEXIST)]
    [InlineData(Errno.ENODEV)]
    [InlineData(Errno.EINVAL)]
    [InlineData(Errno.ENFILE)]
    [InlineData(Errno.EMFILE)]
    [InlineData(Errno.ETXTBSY)]
    [InlineData(Errno.EFBIG)]
    [InlineData(Errno.ENOSYS)]
    [InlineData(Errno.ELOOP)]
    [InlineData(Errno.EBADMSG)]
    [InlineData(Errno.EOPNOTSUPP)]
    [InlineData(Errno.ETIMEDOUT)]
    [InlineData(Errno.ENOKEY)]
    [InlineData(Errno.EKEYREJECTED)]
    public void Describe_has_a_sentence_for_each_errno_of_a_load(Errno error) =>
        Assert.NotEqual(ErrnoText.Name(error), ErrnoText.DescribeLoad(error));

    [Fact]
    public void Describe_does_not_speak_of_modules() => Assert.All(
        Enum.GetValues<Errno>().Where(error => error is not (Errno.ENOKEY or Errno.EKEYREJECTED)),
        error => Assert.DoesNotContain("module", ErrnoText.Describe(error), StringComparison.Ordinal));

    [Theory]
    [InlineData(0, "errno 0")]
    [InlineData(6, "ENXIO")]
    [InlineData(61, "ENODATA")]
    [InlineData(98, "EADDRINUSE")]
    [InlineData(133, "EHWPOISON")]
    [InlineData(41, "errno 41")]
    [InlineData(134, "errno 134")]
    [InlineData(517, "errno 517")]
    [InlineData(-5, "errno -5")]
    public void Name_is_the_symbol_or_the_number(int number, string name) =>
        Assert.Equal(name, ErrnoText.Name((Errno)number));

    [Fact]
    public void Name_and_TryParse_agree_on_every_errno()
    {
        foreach (var error in Enum.GetValues<Errno>().Where(error => error is not Errno.None))
        {
            Assert.True(ErrnoText.TryParse(error.ToString(), out var parsed));
            Assert.Equal((error, error.ToString()), (parsed, ErrnoText.Name(error)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("None")]
    [InlineData("5")]
    [InlineData("eio")]
    [InlineData(" EIO")]
    [InlineData("EIO,EPERM")]
    [InlineData("errno 517")]
    public void TryParse_takes_only_a_symbol(string text)
    {
        Assert.False(ErrnoText.TryParse(text, out var error));
        Assert.Equal(Errno.None, error);
    }

    /// <summary>The headers come from libc6-dev; the numbers are those of this kernel's architecture.</summary>
    [Fact]
    public void Errno_has_every_value_of_the_kernel_headers()
    {
        var files = new[] { "errno-base.h", "errno.h" }.Select(file => $"/usr/include/asm-generic/{file}").ToArray();
        Assert.SkipUnless(files.All(File.Exists), "needs the kernel's headers: apt-get install linux-libc-dev");
        var defined = from line in files.SelectMany(File.ReadLines)
                      let words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)
                      where words is ["#define", ['E', ..], [>= '0' and <= '9', ..], ..] // no second name of a value
                      select (words[1], int.Parse(words[2]));
        Assert.Equal(defined, Enum.GetValues<Errno>().Where(error => error is not Errno.None)
            .Select(error => (error.ToString(), (int)error)));
    }
}
