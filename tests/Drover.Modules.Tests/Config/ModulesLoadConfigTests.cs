using Drover.Modules.Config;

namespace Drover.Modules.Tests.Config;

public sealed class ModulesLoadConfigTests
{
    [Fact]
    public void Files_are_read_by_base_name_and_the_first_directory_wins()
    {
        using var root = new TemporaryRoot();
        root.Write("etc/modules-load.d/20-b.conf", "etc_b\n");
        root.Write("run/modules-load.d/20-b.conf", "run_b\n");
        root.Write("run/modules-load.d/10-a.conf", "run_a\n");
        root.Write("usr/local/lib/modules-load.d/30-c.conf", "local_c\n");
        root.Write("usr/lib/modules-load.d/30-c.conf", "usr_c\n");
        root.Write("usr/lib/modules-load.d/40-d.conf", "usr_d");
        root.Write("usr/lib/modules-load.d/.hidden.conf", "hidden\n");
        root.Write("usr/lib/modules-load.d/README", "readme\n");
        root.Write("usr/lib/modules-load.d/50-masked.conf", "masked\n");
        File.CreateSymbolicLink($"{root.Path}/etc/modules-load.d/50-masked.conf", "/dev/null");
        File.CreateSymbolicLink($"{root.Path}/etc/modules-load.d/60-dangling.conf", "../modules");

        var config = ModulesLoadConfig.Load(root.Path, null, false);

        Assert.Equal(["run_a", "etc_b", "local_c", "usr_d"], NamesOf(config));
        Assert.Empty(config.Unreadable);
    }

    [Fact]
    public void Comments_and_empty_lines_are_not_requests()
    {
        using var root = new TemporaryRoot();
        root.Write("etc/modules-load.d/a.conf", "# no\n\n  ; no\n \t loop \t\r\nfs-btrfs\n#last");

        var config = ModulesLoadConfig.Load(root.Path, null, false);

        var file = $"{root.Path}/etc/modules-load.d/a.conf";
        Assert.Equal(
            [
                new ModulesLoadLine("loop", new ConfigSource(file, 4)),
                new ModulesLoadLine("fs-btrfs", new ConfigSource(file, 5)),
            ],
            config.Lines);
    }

    [Theory]
    [InlineData("ro modules_load=a,b quiet", false, "a b")]
    [InlineData("modules-load=a modules_load=b", false, "a b")]
    [InlineData("modules_load=\"a,b\" \"modules_load=c\"", false, "a b c")]
    [InlineData("rd.modules_load=a modules_load=,b,,c,", false, "b c")]
    [InlineData("rd.modules-load=a modules_load=b", true, "a b")]
    [InlineData("modules_load xmodules_load=a modules_load=", true, "")]
    [InlineData("modules_load=\"a b", false, "a b")]
    public void The_kernel_command_line_names_modules(string commandLine, bool isInitramfs, string names) =>
        Assert.Equal(
            names, string.Join(' ', NamesOf(ModulesLoadConfig.Load("/nonexistent", commandLine, isInitramfs))));

    [Fact]
    public void The_command_line_comes_before_the_files()
    {
        using var root = new TemporaryRoot();
        root.Write("etc/modules-load.d/a.conf", "file\n");

        Assert.Equal(["first", "file"], NamesOf(ModulesLoadConfig.Load(root.Path, "modules_load=first", false)));
    }

    [Fact]
    public void Named_files_replace_everything_else()
    {
        using var root = new TemporaryRoot();
        root.Write("usr/lib/modules-load.d/a.conf", "a\n");
        root.Write("usr/lib/modules-load.d/b.conf", "b\n");
        root.Write("elsewhere", "c\n");

        var config = ModulesLoadConfig.Load(
            root.Path, "modules_load=first", false, ["b.conf", $"{root.Path}/elsewhere", "missing.conf"]);

        Assert.Equal(["b", "c"], NamesOf(config));
        Assert.Contains("missing.conf", Assert.Single(config.Unreadable), StringComparison.Ordinal);
    }

    static IEnumerable<string> NamesOf(ModulesLoadConfig config) => config.Lines.Select(line => line.Name);
}
