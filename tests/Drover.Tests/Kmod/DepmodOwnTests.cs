using Drover.Modules.Tests;

namespace Drover.Tests.Kmod;

/// <summary>Where depmod is to do better than that of kmod 30.</summary>
public class DepmodOwnTests
{
    static readonly DateTime LongAgo = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void Weak_dependencies_are_written_and_printed()
    {
        using var tree = new DepmodTree();
        tree.Write("kernel/m-1.ko", new TestModule { Info = ["weakdep=foo-x bar", "softdep=pre: a", "weakdep=baz"] });
        tree.Write("kernel/n.ko", new TestModule());
        tree.Write("modules.weakdep", "weakdep stale one\n");
        tree.Run();
        const string Expected = """
            # Weak dependencies extracted from modules themselves.
            weakdep m_1 foo-x bar
            weakdep m_1 baz

            """;
        Assert.Equal(Expected, File.ReadAllText($"{tree.Directory}/modules.weakdep"));
        var printed = DepmodTree.Run("-n", "-C", $"{tree.Root}/depmod.d", "-b", tree.Root, ModuleRoot.Release).Out;
        Assert.Contains($"softdep m_1 pre: a\n{Expected}# Aliases for symbols", printed, StringComparison.Ordinal);
        File.SetLastWriteTimeUtc($"{tree.Directory}/kernel/n.ko", LongAgo);
        tree.Run(); // from the cache
        Assert.Equal(Expected, File.ReadAllText($"{tree.Directory}/modules.weakdep"));
    }

    [Theory]
    [InlineData("kernel/d.ko\nkernel/b.ko\nkernel/d.ko\nkernel/c.ko\n")]
    [InlineData("kernel/d.ko\nkernel/b.ko\nkernel/c.ko")]
    [InlineData("kernel/d.ko\r\nkernel/b.ko\r\nkernel/c.ko\r\n")]
    public void Order_has_the_first_line_of_each_module_whatever_its_newlines(string order)
    {
        using var tree = new DepmodTree();
        foreach (var name in "abcd")
            tree.Write($"kernel/{name}.ko", new TestModule());
        tree.Write("modules.order", order);
        tree.Write("modules.builtin", "");
        tree.Write("modules.builtin.modinfo", "");
        Assert.Equal((0, "", ""), tree.Run());
        Assert.Equal("kernel/d.ko:\nkernel/b.ko:\nkernel/c.ko:\nkernel/a.ko:\n",
            File.ReadAllText($"{tree.Directory}/modules.dep"));
    }

    [Theory]
    [InlineData("", "extra/deep/x.ko")]
    [InlineData("search kernel extra\n", "kernel/x.ko")]
    [InlineData("override x * misc\n", "misc/x.ko.gz")]
    [InlineData("external * ROOT/one\nsearch external\n", "ROOT/one/x.ko")]
    public void Equal_modules_are_chosen_by_path(string config, string expected)
    {
        string[] paths =
        [
            "extra/x.ko", "extra/x.ko.xz", "extra/deep/x.ko", "kernel/x.ko", "kernel/x.ko.xz", "misc/x.ko.zst",
            "misc/x.ko.gz", "ROOT/one/x.ko", "ROOT/one/x.ko.xz",
        ];
        var random = new Random(1);
        for (var i = 0; i < 10; i++)
        {
            // the order of a directory follows from the order in which its files were made
            using var tree = new DepmodTree();
            random.Shuffle(paths);
            foreach (var path in paths)
                tree.Write(Rooted(path), new TestModule());
            tree.Write($"{tree.Root}/depmod.d/a.conf", Rooted(config));
            tree.Run();
            var line = File.ReadAllText($"{tree.Directory}/modules.dep");
            Assert.Equal($"{Rooted(expected)}:\n", line);

            string Rooted(string text) => text.Replace("ROOT", tree.Root, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Temporary_files_of_others_are_not_looked_at()
    {
        using var tree = DepmodGoldenTests.Sample();
        var expected = Print();
        using var done = new CancellationTokenSource();
        var other = new Thread(() =>
        {
            for (var i = 0; !done.IsCancellationRequested; i++)
            {
                var name = $"{tree.Directory}/modules.dep.{i % 50}.1.1";
                File.WriteAllText(name, "");
                File.Delete(name);
            }
        });
        other.Start();
        try
        {
            for (var i = 0; i < 200; i++)
                Assert.Equal(expected, Print());
        }
        finally
        {
            done.Cancel();
            other.Join();
        }

        (int, string, string) Print() =>
            DepmodTree.Run("-n", "-C", $"{tree.Root}/depmod.d", "-b", tree.Root, ModuleRoot.Release);
    }

    public static TheoryData<string, bool> Changes => new(
        from change in new[] { "none", "add", "add old", "add on top", "remove", "remove on top", "replace", "rename" }
        from cached in new[] { true, false }
        select (change, cached));

    [Theory]
    [MemberData(nameof(Changes))]
    public void Quick_run_notices_every_change(string change, bool cached)
    {
        using var tree = DepmodGoldenTests.Sample();
        string kernel = $"{tree.Directory}/kernel", dep = $"{tree.Directory}/modules.dep",
            cache = $"{tree.Directory}/modules.drover.bin";
        tree.Write("top.ko", new TestModule());
        foreach (var module in Directory.GetFiles(tree.Directory, "*.ko", SearchOption.AllDirectories))
            File.SetLastWriteTimeUtc(module, LongAgo);
        do
            tree.Run();
        while (File.ReadAllBytes(cache)[12..16] is [0, 0, 0, 0]); // no state: files changed just now
        if (!cached)
            File.Delete(cache);
        var made = File.GetLastWriteTimeUtc(dep);
        var fresh = new TestModule { Info = ["alias=fresh"] };
        switch (change)
        {
            case "add": tree.Write("kernel/new.ko", fresh); break;
            case "add old": File.SetLastWriteTimeUtc(tree.Write("kernel/new.ko", fresh), LongAgo); break;
            case "add on top": File.SetLastWriteTimeUtc(tree.Write("new.ko", fresh), LongAgo); break;
            case "remove": File.Delete($"{kernel}/b.ko"); break;
            case "remove on top": File.Delete($"{tree.Directory}/top.ko"); break;
            case "replace": File.SetLastWriteTimeUtc(tree.Write("kernel/b.ko", fresh), LongAgo); break;
            case "rename": File.Move($"{kernel}/b.ko", $"{kernel}/renamed.ko"); break;
        }

        var run = DepmodTree.Run("-A", "-C", $"{tree.Root}/depmod.d", "-b", tree.Root, ModuleRoot.Release);
        Assert.Equal(0, run.Exit);
        if (change == "none")
            Assert.Equal((made, "", ""), (File.GetLastWriteTimeUtc(dep), run.Out, run.Error));
        var quick = tree.Snapshot();
        tree.Clear();
        tree.Run();
        Assert.Equal(tree.Snapshot(), quick);
    }

    [Fact]
    public void Read_only_directory_is_a_failure()
    {
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        using var tree = DepmodGoldenTests.Sample();
        tree.Run();
        var before = tree.Snapshot();
        tree.Write("kernel/new.ko", new TestModule { Info = ["alias=fresh"] });
        var run = NamespaceScript.Run(tree.Root, $"mount --bind {tree.Directory} {tree.Directory}\n"
            + $"mount -o remount,bind,ro {tree.Directory}\n",
            [$"{Repository.NativeBinary} depmod -C {tree.Root}/depmod.d -b {tree.Root} {ModuleRoot.Release}"])[0];
        Assert.Equal(1, run.Exit);
        Assert.Contains("Read-only file system", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, tree.Snapshot());
    }

    [Fact]
    public void Release_is_that_of_uname()
    {
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        string[] old = ["--uname-2.6", "uname", "-r"];
        var release = DepmodTree.Shell("/usr/bin/setarch", old).Out.Trim();
        Assert.SkipUnless(release.StartsWith("2.6.", StringComparison.Ordinal), "no setarch here");
        using var tree = new DepmodTree(release);
        tree.Write("kernel/a.ko", new TestModule());
        DepmodTree.Shell("/usr/bin/setarch", "--uname-2.6", Repository.NativeBinary, "depmod", "-b", tree.Root);
        Assert.Equal("kernel/a.ko:\n", File.ReadAllText($"{tree.Directory}/modules.dep"));
    }

    [Fact]
    public void Links_lead_where_they_lead_in_the_root()
    {
        using var tree = new DepmodTree();
        const string Other = "/lib/modules/0.9-test/extra";
        tree.Write($"{tree.Root}{Other}/weak.ko", new TestModule { Info = ["alias=weakly", "license=GPL"] });
        tree.Write($"{tree.Root}{Other}/more/deep.ko", new TestModule());
        Directory.CreateDirectory($"{tree.Directory}/weak-updates");
        File.CreateSymbolicLink($"{tree.Directory}/weak-updates/weak.ko", $"{Other}/weak.ko");
        File.CreateSymbolicLink($"{tree.Directory}/weak-updates/more", $"{Other}/more");
        File.CreateSymbolicLink($"{tree.Directory}/weak-updates/up.ko", "../../../../../../../.." + Other + "/weak.ko");
        tree.Write($"{tree.Root}/order", "weak-updates/weak.ko\n");
        File.CreateSymbolicLink($"{tree.Directory}/modules.order", "/order");
        tree.Write("modules.builtin", "");
        tree.Write("modules.builtin.modinfo", "");
        Assert.Equal((0, "", ""), tree.Run());
        Assert.Equal("weak-updates/weak.ko:\nweak-updates/up.ko:\nweak-updates/more/deep.ko:\n",
            File.ReadAllText($"{tree.Directory}/modules.dep"));
        Assert.Contains("alias weakly weak\n", tree.Snapshot()["modules.alias"], StringComparison.Ordinal);

        string[] modinfo = ["modinfo", "-b", tree.Root, "-k", ModuleRoot.Release];
        Assert.Equal(new CommandLineRun(0, "GPL\n", ""), CommandLineRun.Run([.. modinfo, "-l", "weak"]));
        Assert.Equal(new CommandLineRun(0, $"{tree.Directory}/weak-updates/weak.ko\n", ""),
            CommandLineRun.Run([.. modinfo, "-n", "weak"]));
    }

    [Fact]
    public void Module_directory_behind_a_link_of_the_root_is_read_and_written_there()
    {
        using var tree = new DepmodTree();
        tree.Write("kernel/a.ko", new TestModule { Info = ["alias=to-a", "license=GPL", "softdep=pre: b"] });
        tree.Write("kernel/b.ko", new TestModule());
        var real = $"{tree.Root}/drover-test-usr/lib";
        Directory.CreateDirectory(Path.GetDirectoryName(real)!);
        Directory.Move($"{tree.Root}/lib", real);
        File.CreateSymbolicLink($"{tree.Root}/lib", "/drover-test-usr/lib");
        tree.Run();
        Assert.True(File.Exists($"{real}/modules/{ModuleRoot.Release}/modules.dep"));
        Assert.False(Directory.Exists("/drover-test-usr"));

        string[] which = ["-d", tree.Root, "-S", ModuleRoot.Release, "-C", $"{tree.Root}/none"];
        Assert.Equal(
            new CommandLineRun(0, $"insmod {tree.Directory}/kernel/b.ko \ninsmod {tree.Directory}/kernel/a.ko \n", ""),
            CommandLineRun.Run(["modprobe", .. which, "-D", "to-a"]));
        Assert.Equal(new CommandLineRun(0, "GPL\n", ""),
            CommandLineRun.Run("modinfo", "-b", tree.Root, "-k", ModuleRoot.Release, "-l", "a"));
        Directory.CreateDirectory($"{tree.Root}/etc");
        Directory.CreateDirectory($"{tree.Root}/drover-test-conf");
        File.WriteAllText($"{tree.Root}/drover-test-conf/x.conf", "alias other b\n");
        File.CreateSymbolicLink($"{tree.Root}/etc/modprobe.d", "/drover-test-conf");
        var resolved = CommandLineRun.Run("resolve", "--root", tree.Root, "other");
        Assert.Equal((0, ""), (resolved.Exit, resolved.Error));
        Assert.Contains("b", resolved.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Link_to_what_only_this_machine_has_leads_there()
    {
        using var tree = new DepmodTree();
        using var elsewhere = new TemporaryRoot();
        tree.Write($"{elsewhere.Path}/far.ko", new TestModule());
        File.CreateSymbolicLink($"{tree.Directory}/far.ko", $"{elsewhere.Path}/far.ko");
        tree.Run();
        Assert.Equal("far.ko:\n", File.ReadAllText($"{tree.Directory}/modules.dep"));
    }

    [Theory]
    [InlineData("external * ROOT/outside\0more")]
    [InlineData("search \0up")]
    [InlineData("exclude kernel\0")]
    [InlineData("override a\0 * kernel")]
    public void Line_with_a_NUL_is_an_error(string line)
    {
        using var tree = new DepmodTree();
        tree.Write("kernel/a.ko", new TestModule());
        tree.Write($"{tree.Root}/outside/b.ko", new TestModule());
        var config = tree.Write($"{tree.Root}/depmod.d/a.conf",
            $"# \0\n{line.Replace("ROOT", tree.Root, StringComparison.Ordinal)}\n");
        Assert.Contains($"depmod: ERROR: {config}:2: ignoring bad line with a NUL byte\n", tree.Run().Error,
            StringComparison.Ordinal);
        Assert.Equal("kernel/a.ko:\n", File.ReadAllText($"{tree.Directory}/modules.dep"));
    }

    [Fact]
    public void Walk_enters_neither_loops_nor_what_the_kernel_makes_up()
    {
        using var tree = new DepmodTree();
        tree.Write("kernel/a.ko", new TestModule());
        tree.Write("modules.order", "");
        tree.Write("modules.builtin", "");
        tree.Write("modules.builtin.modinfo", "");
        File.CreateSymbolicLink($"{tree.Directory}/kernel/up", "..");
        File.CreateSymbolicLink($"{tree.Directory}/kernel/self", ".");
        foreach (var name in new[] { "proc", "sys", "dev" })
            File.CreateSymbolicLink($"{tree.Directory}/kernel/{name}", $"/{name}");
        tree.Write($"{tree.Root}/depmod.d/a.conf", "external * /proc/self\nexternal * /sys/module\n");
        Assert.Equal((0, "", ""), tree.Run());
        Assert.Equal("kernel/a.ko:\n", File.ReadAllText($"{tree.Directory}/modules.dep"));
        Assert.Equal((0, "", ""), DepmodTree.Run(
            "-A", "-C", $"{tree.Root}/depmod.d", "-b", tree.Root, ModuleRoot.Release));
    }
}
