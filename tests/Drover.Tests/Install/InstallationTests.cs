using System.Text;
using CsCheck;
using Drover.CommandLine;
using Drover.Install;

namespace Drover.Tests.Install;

/// <summary>Uninstall reverts install from any initial state, and after a kill of either at any step.</summary>
public class InstallationTests
{
    const UnixFileMode Plain =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    static readonly InstallFile[] s_first =
    [
        new("/usr/bin/drover", "program"u8.ToArray(), Plain | UnixFileMode.UserExecute),
        new("/usr/lib/units/a.service", "a"u8.ToArray(), Plain),
        new("/usr/lib/units/wants/a.service", "../a.service"u8.ToArray(), null),
        new("/etc/b.conf", "b"u8.ToArray(), Plain),
    ];

    /// <summary>The next version: one file equal, one link retargeted, one changed, one removed, one new.</summary>
    static readonly InstallFile[] s_second =
    [
        s_first[0] with { Content = "program 2"u8.ToArray() },
        s_first[1],
        s_first[2] with { Content = "../../a.service"u8.ToArray() },
        new("/usr/lib/more/c", "c"u8.ToArray(), Plain),
    ];

    static readonly string[] s_paths = [.. s_first.Concat(s_second).Select(file => file.Path).Distinct()];

    /// <summary>The initial state of a path: nothing, another file or link, the same file, or its content
    /// with another mode.</summary>
    static readonly Gen<int[]> s_before = Gen.Int[0, 4].Array[s_paths.Length];

    [Fact]
    public void Uninstall_restores_the_initial_state_after_killed_and_repeated_runs() =>
        Gen.Select(s_before, Gen.Int[0, 30], Gen.Int[0, 30], Gen.Int[0, 30], Gen.Bool).Sample(
            (before, firstKill, secondKill, uninstallKill, repeats) =>
            {
                using var root = new TestRoot();
                Arrange(root, before);
                var snapshot = root.Snapshot();
                Install(root, s_first, firstKill);
                if (repeats)
                {
                    Install(root, s_first);
                    ShouldHave(root, s_first);
                    Install(root, s_second, secondKill);
                    Install(root, s_second);
                    ShouldHave(root, s_second);
                }
                Uninstall(root, uninstallKill);
                Assert.Empty(Uninstall(root));
                Assert.Equal(snapshot, root.Snapshot());
            },
            iter: Iterations);

    [Fact]
    public void Second_install_changes_nothing()
    {
        using var root = new TestRoot();
        root.File("/etc/b.conf", "somebody else's");
        Install(root, s_first);
        var changes = new List<string>();
        var installation = new Installation(new RootTree(root.Path, changes.Add));
        var steps = installation.Plan(s_first);
        Assert.All(steps, step => Assert.Equal(InstallAction.None, step.Action));
        installation.Install(steps);
        Assert.DoesNotContain(changes, change => !change.EndsWith(InstallManifest.Path, StringComparison.Ordinal));
    }

    [Fact]
    public void Install_and_uninstall_keep_and_report_changed_files()
    {
        using var root = new TestRoot();
        root.File("/etc/b.conf", "somebody else's");
        Install(root, s_first);
        root.File("/etc/b.conf", "edited");
        root.File("/usr/lib/units/a.service", "edited, too");
        Assert.Equal(["/usr/lib/units/a.service", "/etc/b.conf"], Steps(root)
            .Where(step => step.Action is InstallAction.Leave).Select(step => step.File.Path));
        Assert.Equal(["/usr/lib/units/a.service", "/etc/b.conf"], Uninstall(root));
        Assert.Equal("edited", File.ReadAllText(root["/etc/b.conf"]));
        Assert.Equal("edited, too", File.ReadAllText(root["/usr/lib/units/a.service"]));
        Assert.False(File.Exists(root["/usr/bin/drover"]));

        // moved away, as the message advises
        File.Delete(root["/etc/b.conf"]);
        File.Delete(root["/usr/lib/units/a.service"]);
        Assert.Empty(Uninstall(root));
        Assert.Equal("somebody else's", File.ReadAllText(root["/etc/b.conf"]));
        Assert.Equal(["/etc", "/etc/b.conf", "/var", "/var/lib"], Directory.GetFileSystemEntries(
            root.Path, "*", SearchOption.AllDirectories).Select(path =>
            path[root.Path.Length..]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Changed_file_that_a_newer_version_drops_stays_in_the_manifest()
    {
        using var root = new TestRoot();
        Install(root, s_first);
        root.File("/etc/b.conf", "edited");
        Install(root, s_second);
        Assert.Equal(["/etc/b.conf"], Uninstall(root));
        Assert.Equal("edited", File.ReadAllText(root["/etc/b.conf"]));
    }

    [Fact]
    public void Uninstall_keeps_a_directory_with_other_files()
    {
        using var root = new TestRoot();
        Install(root, s_first);
        root.File("/usr/lib/units/other.service", "other");
        Assert.Empty(Uninstall(root));
        Assert.Equal(["/usr/lib/units/other.service"], Directory.GetFiles(root.Path, "*", SearchOption.AllDirectories)
            .Select(path => path[root.Path.Length..]));
    }

    [Fact]
    public void Install_follows_links_in_the_root_and_refuses_links_out_of_it()
    {
        using var root = new TestRoot();
        using var outside = new TestRoot();
        root.Link("/lib", "usr/lib");
        Directory.CreateDirectory(root["/usr/lib"]);
        InstallFile[] files = [new("/lib/a", "a"u8.ToArray(), Plain)];
        Install(root, files);
        Assert.Equal("a", File.ReadAllText(root["/usr/lib/a"]));
        Assert.Empty(Uninstall(root));

        root.Link("/etc", outside.Path);
        var refused = Assert.Throws<CommandException>(() => Install(root, s_first));
        Assert.Contains("is a link out of", refused.Message, StringComparison.Ordinal);
        Assert.Equal("", string.Join(' ', Directory.GetFiles(outside.Path)));
        Assert.False(File.Exists(root["/usr/bin/drover"]));
    }

    [Fact]
    public void Install_reports_a_blocking_directory_before_any_change()
    {
        using var root = new TestRoot();
        Directory.CreateDirectory(root["/etc/b.conf"]);
        var snapshot = root.Snapshot();
        Assert.Contains("is a directory", Assert.Throws<CommandException>(() => Install(root, s_first)).Message,
            StringComparison.Ordinal);
        Assert.Equal(snapshot, root.Snapshot());
    }

    [Theory]
    [InlineData("new /etc/../../x 0")]
    [InlineData("new etc/x 0")]
    [InlineData("new /etc/x nothing")]
    [InlineData("made")]
    [InlineData("\0\0\0\0")]
    public void Invalid_manifest_is_an_error_with_its_line(string line)
    {
        var problem = Assert.Throws<CommandException>(() => InstallManifest.Parse($"# head\n{line}\n", "FILE"));
        Assert.StartsWith("FILE, line 2: ", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Manifest_round_trips() =>
        Gen.Select(Gen.Bool, Gen.ULong.Select(number => $"{number:x16}644").Array[0, 3]).Array[0, 5].Sample(entries =>
        {
            var manifest = new InstallManifest(
                ["/a", "/a/b"], [.. entries.Select((entry, i) => new InstallEntry(
                $"/a/b/{i}", entry.Item1, entry.Item2))]);
            Assert.Equal(manifest.ToText(), InstallManifest.Parse(manifest.ToText(), "FILE").ToText());
        });

    /// <summary>Few samples: each creates a directory tree.</summary>
    static int Iterations =>
        int.TryParse(Environment.GetEnvironmentVariable("DROVER_FUZZ"), out var cases) ? cases / 10 : 300;

    static void Arrange(TestRoot root, int[] before)
    {
        for (var i = 0; i < s_paths.Length; i++)
        {
            var path = s_paths[i];
            var ours = s_first.Concat(s_second).First(file => file.Path == path);
            switch (before[i])
            {
                case 1:
                    root.File(path, "somebody else's", UnixFileMode.UserRead);
                    break;
                case 2:
                    root.Link(path, "/dev/null");
                    break;
                case 3 when !ours.IsLink:
                    root.File(path, Encoding.UTF8.GetString(ours.Content), ours.Mode!.Value);
                    break;
                case 4 when !ours.IsLink:
                    root.File(path, Encoding.UTF8.GetString(ours.Content), UnixFileMode.UserRead);
                    break;
            }
        }
    }

    static IReadOnlyList<InstallStep> Steps(TestRoot root) => new Installation(new RootTree(root.Path)).Plan(s_first);

    static void Install(TestRoot root, InstallFile[] files, int killedAt = int.MaxValue) =>
        UntilKilled(root, killedAt, installation => installation.Install(installation.Plan(files)));

    static string[] Uninstall(TestRoot root, int killedAt = int.MaxValue)
    {
        string[] left = [];
        UntilKilled(root, killedAt, installation => left = [.. installation.Uninstall().Select(entry => entry.Path)]);
        return left;
    }

    static void UntilKilled(TestRoot root, int killedAt, Action<Installation> act)
    {
        var changes = 0;
        try
        {
            act(new Installation(new RootTree(root.Path, _ =>
            {
                if (changes++ == killedAt)
                    throw new KilledException();
            })));
        }
        catch (KilledException)
        {
            // the steps until then are done
        }
    }

    static void ShouldHave(TestRoot root, InstallFile[] files)
    {
        var tree = new RootTree(root.Path);
        Assert.All(
            files, file => Assert.Equal(RootTree.Fingerprint(file), RootTree.Fingerprint(tree.Read(file.Path)!)));
    }

    sealed class KilledException : Exception;
}
