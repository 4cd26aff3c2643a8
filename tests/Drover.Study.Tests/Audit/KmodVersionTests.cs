using System.Text;
using Drover.Study.Audit;

namespace Drover.Study.Tests.Audit;

public sealed class KmodVersionTests : IDisposable
{
    readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("drover-kmod-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Root_without_kmod_has_no_version() => Assert.Null(KmodVersion.Find(_root.FullName));

    [Fact]
    public void Program_is_found_where_distributions_install_it()
    {
        _root.CreateSubdirectory("usr/bin");
        File.WriteAllText(Path.Combine(_root.FullName, "usr/bin/kmod"), "\u007fELF\0kmod version 34\0+ZSTD\0");
        Assert.Equal(34, KmodVersion.Find(_root.FullName));
    }

    [Theory]
    [InlineData("kmod version 30", 30)]
    [InlineData("kmod version 34.2\0", 34)]
    [InlineData("kmod version ", null)]
    [InlineData("kmod version x", null)]
    [InlineData("kmod version 99999999999999999999", null)]
    [InlineData("busybox", null)]
    public void Version_is_the_number_after_the_words(string program, int? version) =>
        Assert.Equal(version, KmodVersion.In(Encoding.Latin1.GetBytes(program)));
}
