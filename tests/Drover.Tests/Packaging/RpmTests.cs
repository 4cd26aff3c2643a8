using Drover.Tests.Install;

namespace Drover.Tests.Packaging;

/// <summary>The RPM packages, by Debian's rpmbuild.</summary>
public class RpmTests
{
    [Fact]
    public void Rpmbuild_makes_three_packages_with_the_files_of_the_lists()
    {
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        using var top = new TestRoot();
        var (exit, output) = PackagingTests.Run("bash", "-c", $"""
            cd {Repository.Root} || exit
            command -v rpmbuild >/dev/null || exit 127
            rpmbuild -bb --build-in-place --nodeps --define '_topdir {top.Path}' packaging/rpm/drover.spec 2>&1
            """);
        Assert.SkipWhen(exit == 127, "rpmbuild is not installed");
        Assert.True(exit == 0, output);
        var packages = Directory.GetFiles(top.Path, "*.rpm", SearchOption.AllDirectories);
        Assert.Equal(3, packages.Length);
        var files = PackagingTests.Run("rpm", ["-qlp", .. packages]).Output.Split('\n').ToHashSet();
        foreach (var list in (string[])["drover", "drover-study", "drover-daemon"])
        {
            var listed = File.ReadLines(Path.Combine(Repository.Root, "packaging", $"{list}.list"))
                .Where(line => line[0] != '#').Select(line => line.Split(' ')[0])
                .Where(path => !path.Contains("initramfs-tools", StringComparison.Ordinal))
                .Select(path => path.Replace("vendor-completions", "site-functions", StringComparison.Ordinal));
            Assert.All(listed, path => Assert.Contains(path, files));
        }
    }
}
