using System.ComponentModel;
using System.Diagnostics;

namespace Drover.Tests.Packaging;

/// <summary>Completions and manual pages have exactly the programs' commands and options.</summary>
public class PackagingTests
{
    public static TheoryData<string> Pages => new(Directory.GetFiles(Path.Combine(Repository.Root, "docs/man"))
        .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));

    public static TheoryData<string> ToolNames => new(CommandTable.Tools.Select(tool => tool.Name));

    [Fact]
    public void Bash_completes_every_option() => ShouldBe("packaging/completions/drover.bash", Completions.Bash());

    [Fact]
    public void Zsh_completes_every_option() => ShouldBe("packaging/completions/_drover", Completions.Zsh());

    [Fact]
    public void Fish_completes_every_option() => ShouldBe("packaging/completions/drover.fish", Completions.Fish());

    [Fact]
    public void The_page_of_drover_has_every_option() => ShouldBe("docs/man/drover.8", DroverPage.Text());

    [Fact]
    public void The_page_of_drover_study_has_every_option() =>
        ShouldBe("docs/man/drover-study.8", DroverPage.StudyText());

    [Theory]
    [InlineData("bash", "-n", "packaging/completions/drover.bash")]
    [InlineData("zsh", "-n", "packaging/completions/_drover")]
    [InlineData("fish", "--no-execute", "packaging/completions/drover.fish")]
    public void Completions_have_the_syntax_of_their_shell(string shell, string check, string path) =>
        Assert.Equal((0, ""), Run(shell, check, Path.Combine(Repository.Root, path)));

    [Theory]
    [MemberData(nameof(ToolNames))]
    public void The_page_of_a_tool_has_each_option_of_its_help(string tool)
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, $"docs/man/{tool}.8"))
            .Replace("\\-", "-", StringComparison.Ordinal);
        Assert.All(CommandTable.Tools.Single(one => one.Name == tool).Options, option =>
        {
            Assert.Contains($"--{option.Long}", page, StringComparison.Ordinal);
            if (option.Short is { } letter)
                Assert.Contains($"-{letter}", page, StringComparison.Ordinal);
        });
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_page_is_set_without_a_warning(string page)
    {
        var path = Path.Combine(Repository.Root, "docs/man", page);
        Assert.Equal((0, ""), Run("groff", "-ww", "-man", "-Kutf8", "-z", path));
    }

    static void ShouldBe(string path, string text)
    {
        path = Path.Combine(Repository.Root, path);
        if (Environment.GetEnvironmentVariable("DROVER_UPDATE_GOLDEN") == "1")
            File.WriteAllText(path, text);
        Assert.Equal(File.Exists(path) ? File.ReadAllText(path) : "(missing: DROVER_UPDATE_GOLDEN=1 writes it)", text);
    }

    internal static (int Exit, string Output) Run(string program, params string[] args)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, args)
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = process.StandardOutput.ReadToEnd() + error.GetAwaiter().GetResult();
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        catch (Win32Exception)
        {
            Assert.Skip($"{program} is not installed");
            throw;
        }
    }
}
