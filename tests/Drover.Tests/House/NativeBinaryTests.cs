namespace Drover.Tests.House;

public class NativeBinaryTests
{
    const long MaxBytes = 8 << 20;

    [Fact]
    public void The_native_binary_is_no_larger_than_8_MiB()
    {
        RequireBinary();
        Assert.InRange(new FileInfo(Repository.NativeBinary).Length, 1, MaxBytes);
    }

    [Fact]
    public void The_native_binary_needs_nothing_but_the_C_library()
    {
        RequireBinary();
        var needed = ElfDynamic.Needed(File.ReadAllBytes(Repository.NativeBinary));
        Assert.Contains("libc.so.6", needed);
        Assert.All(needed, library => Assert.Matches(@"^(libc|libm)\.so\.6$|^ld-linux-[a-z0-9-]+\.so\.[0-9]$", library));
    }

    static void RequireBinary() => Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
}
