using System.Text.Json;
using Drover.Tests.Install;

namespace Drover.Tests.Packaging;

/// <summary>What the daemon's unit takes from it, and the policies of AppArmor and SELinux.</summary>
public class HardeningTests
{
    /// <summary>systemd-udevd.service of systemd 262, by systemd-analyze of systemd 252.</summary>
    const double Udevd = 7.1;

    static readonly string s_packaging = Path.Combine(Repository.Root, "packaging");

    static readonly string s_unit = Path.Combine(s_packaging, "root/usr/lib/systemd/system/drover.service");

    [Fact]
    public void The_unit_is_exposed_no_more_than_that_of_udevd()
    {
        var (exit, output) = PackagingTests.Run("systemd-analyze", "security", "--offline=true", "--no-pager",
            FormattableString.Invariant($"--threshold={Udevd * 10:0}"), s_unit);
        Assert.True(exit == 0, output);
    }

    [Fact]
    public void The_unit_says_why_for_each_line_that_it_leaves_out()
    {
        var (_, output) = PackagingTests.Run(
            "systemd-analyze", "security", "--offline=true", "--no-pager", "--json=short", s_unit);
        using var rows = JsonDocument.Parse(output[output.IndexOf('[', StringComparison.Ordinal)..]);
        var unit = File.ReadAllText(s_unit);
        Assert.All(
            rows.RootElement.EnumerateArray()
                .Where(row => row.GetProperty("exposure").ValueKind is not JsonValueKind.Null)
                .Select(row => row.GetProperty("name").GetString()!),
            name => Assert.Contains(name[..(name.IndexOf('=', StringComparison.Ordinal) + 1)], unit,
                StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("soft-reboot.target")]
    [InlineData("initrd-switch-root.target")]
    [InlineData("initrd-switch-root.service")]
    public void The_daemon_is_stopped_before_a_root_is_exchanged(string unit)
    {
        var lines = File.ReadAllLines(s_unit);
        Assert.All(["Conflicts=", "Before="], key => Assert.Contains(lines, line =>
            line.StartsWith(key, StringComparison.Ordinal) && line[key.Length..].Split(' ').Contains(unit)));
    }

    [Fact]
    public void Apparmor_reads_its_profile()
    {
        var (exit, output) = PackagingTests.Run("apparmor_parser", "--skip-kernel-load", "--skip-read-cache",
            "--skip-cache", Path.Combine(s_packaging, "apparmor/drover-daemon"));
        Assert.True(exit == 0, output);
    }

    [Fact]
    public void Selinux_reads_its_module_and_file_contexts()
    {
        using var folder = new TestRoot();
        var (module, package) = (folder["/drover.mod"], folder["/drover.pp"]);
        var (exit, output) = PackagingTests.Run(
            "checkmodule", "-M", "-m", "-o", module, Path.Combine(s_packaging, "selinux/drover.te"));
        Assert.True(exit == 0, output);
        Assert.Equal((0, ""), PackagingTests.Run("semodule_package", "-o", package, "-m", module,
            "-f", Path.Combine(s_packaging, "selinux/drover.fc")));
    }
}
