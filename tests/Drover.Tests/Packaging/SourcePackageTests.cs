using Drover.Tests.Install;

namespace Drover.Tests.Packaging;

/// <summary>packaging/build-source and packaging/check-source on the repository.</summary>
public sealed class SourcePackageTests : IDisposable
{
    readonly TestRoot _temporary = new();

    public void Dispose() => _temporary.Dispose();

    /// <summary>The last commit's; a change that is not committed is not in it.</summary>
    [Fact]
    public void A_source_package_has_the_sources_and_all_NuGet_packages()
    {
        var output = Build();
        var files = Directory.GetFiles(output).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
        Assert.Equal(
            [
                "drover_0.2.0-1.debian.tar.xz", "drover_0.2.0-1.dsc", "drover_0.2.0.orig-nuget.tar.gz",
                "drover_0.2.0.orig.tar.gz",
            ],
            files);
        // each package of the programs' lock files, the compiler for both architectures, and nothing of the tests
        var packages = Shell($"tar -tzf {output}/drover_0.2.0.orig-nuget.tar.gz").Output;
        Assert.All(
            [
                "zstdsharp.port", "spectre.console", "runtime.linux-x64.microsoft.dotnet.ilcompiler",
                "runtime.linux-arm64.microsoft.dotnet.ilcompiler", "microsoft.netcore.app.runtime.nativeaot.linux-x64",
                "microsoft.netcore.app.runtime.nativeaot.linux-arm64",
            ],
            name => Assert.Contains($"nuget/{name}.", packages, StringComparison.Ordinal));
        Assert.DoesNotContain("xunit", packages, StringComparison.Ordinal);
        var control = Shell($"tar -xJOf {output}/drover_0.2.0-1.debian.tar.xz debian/control").Output;
        Assert.DoesNotContain("@", control.Replace("@drover.invalid", "", StringComparison.Ordinal),
            StringComparison.Ordinal);
    }

    /// <summary>Takes a quarter of an hour: ./test --long.</summary>
    [Fact(Explicit = true)]
    public void It_builds_offline_in_Debian_13_with_the_same_bytes_twice()
    {
        var (exit, output) = Shell($"{Repository.Root}/packaging/check-source {Build()}");
        Assert.SkipWhen(exit == 3, output.Trim().Split('\n')[^1]);
        Assert.True(exit == 0, output);
    }

    string Build()
    {
        Assert.SkipUnless(Directory.Exists(Path.Combine(Repository.Root, ".git")), "needs the repository");
        var output = Path.Combine(_temporary.Path, "source");
        var (exit, text) = Shell($"{Repository.Root}/packaging/build-source --output {output}");
        Assert.SkipWhen(exit == 3, text.Trim().Split('\n')[^1]);
        Assert.True(exit == 0, text);
        return output;
    }

    static (int Exit, string Output) Shell(string script) => PackagingTests.Run("bash", ["-c", script]);
}
