using System.Text.Json;
using Drover.Tests.Install;

namespace Drover.Tests.Packaging;

/// <summary>packaging/release, in a clone of the repository that has this tree's programs.</summary>
public sealed class ReleaseTests : IDisposable
{
    const string Version = "0.2.0";

    readonly TestRoot _temporary = new();

    string Clone => Path.Combine(_temporary.Path, "drover");

    string Output => Path.Combine(_temporary.Path, "output");

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void A_release_has_sources_packages_bills_of_materials_and_sums()
    {
        MakeClone();
        var (exit, output) = Release();
        Assert.True(exit == 0, output);
        Assert.Equal(0, Shell($"cd {Output} && sha256sum --check --quiet SHA256SUMS").Exit);
        var files = Directory.GetFiles(Output).Select(path => Path.GetFileName(path)).Order().ToList();
        var debs = files.Where(file => file.EndsWith(".deb", StringComparison.Ordinal)).ToList();
        Assert.Equal(8, debs.Count);
        Assert.Equal(
            ["SHA256SUMS", $"drover-{Version}.cdx.json", $"drover-{Version}.changes.md", $"drover-{Version}.tar.gz",
                $"drover-study-{Version}.cdx.json"],
            files.Except(debs).Order(StringComparer.Ordinal));
        Assert.Contains("A test.", File.ReadAllText(Path.Combine(Output, $"drover-{Version}.changes.md")),
            StringComparison.Ordinal);
        Assert.Contains($"drover-{Version}/README.md\n", Shell($"tar -tzf {Output}/drover-{Version}.tar.gz").Output,
            StringComparison.Ordinal);
        Assert.Equal(["ZstdSharp.Port"], LinkedPackages("drover"));
        Assert.Equal(["Spectre.Console", "Spectre.Console.Ansi", "ZstdSharp.Port"], LinkedPackages("drover-study"));

        // the same once more is refused, and changes nothing
        (exit, output) = Release();
        Assert.Equal((1, true), (exit, output.Contains("not empty", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("touch new-file", Version, "the tree has changes")]
    [InlineData("true", "9.9.9", "Directory.Build.props has version")]
    [InlineData("git reset -q --hard HEAD~", Version, "CHANGELOG.md has no entry")]
    [InlineData("true", "", "which version")]
    public void What_is_no_release_is_refused(string before, string version, string expected)
    {
        MakeClone();
        var prepared = Shell($"cd {Clone} && {before}");
        Assert.True(prepared.Exit == 0, prepared.Output);
        var (exit, output) = Shell($"{Clone}/packaging/release {version} --output {Output}");
        Assert.NotEqual(0, exit);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output) && Directory.EnumerateFileSystemEntries(Output).Any());
    }

    /// <summary>The NuGet packages in a program's bill; checks that each has a version and a licence, and that the
    /// runtime is among them.</summary>
    List<string> LinkedPackages(string program)
    {
        using var bill = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Output, $"{program}-{Version}.cdx.json")));
        var linked = bill.RootElement.GetProperty("components").EnumerateArray()
            .Where(part => part.GetProperty("scope").GetString() == "required").ToList();
        Assert.All(linked, part => Assert.NotEmpty(part.GetProperty("version").GetString()!));
        Assert.All(linked, part => Assert.Equal(
            "MIT", part.GetProperty("licenses")[0].GetProperty("license").GetProperty("id").GetString()));
        var names = linked.Select(part => part.GetProperty("name").GetString()!).Order(StringComparer.Ordinal).ToList();
        Assert.Contains("runtime.linux-x64.Microsoft.DotNet.ILCompiler", names);
        return names.FindAll(name => !name.StartsWith("runtime.", StringComparison.Ordinal));
    }

    (int Exit, string Output) Release() => Shell($"{Clone}/packaging/release {Version} --output {Output}");

    /// <summary>A clone whose changelog has the version's entry, with programs newer than its sources.</summary>
    void MakeClone()
    {
        if (!File.Exists(Repository.NativeBinary) || !Directory.Exists(Path.Combine(Repository.Root, ".git")))
            Assert.Skip("needs the native programs and the repository: run ./test in a clone");
        var (exit, output) = Shell(
            $"""
            set -e
            git clone -q {Repository.Root} {Clone}
            cd {Clone}
            sed -i 's/^## 0.1.0/## {Version} – 2026-01-01\n\nA test.\n\n&/' CHANGELOG.md
            git -c user.name=test -c user.email=test@test.invalid commit -q -a -m 'Release {Version}'
            mkdir -p .cache artifacts
            cp -r {Repository.Root}/artifacts/native {Repository.Root}/artifacts/native-arm64 artifacts/
            touch artifacts/native*/drover*
            """);
        Assert.True(exit == 0, output);
    }

    static (int Exit, string Output) Shell(string script) => PackagingTests.Run("bash", ["-c", script]);
}
