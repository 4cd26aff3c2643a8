using System.Diagnostics;

namespace Drover.Tests.Kmod;

/// <summary>The cache of depmod never changes its output.</summary>
public class DepmodCacheTests
{
    static readonly DateTime LongAgo = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void Changed_added_and_removed_modules_update_the_indexes()
    {
        using var tree = DepmodGoldenTests.Sample();
        tree.Run();
        tree.Write("kernel/b.ko", new TestModule { Exports = ["b_one"], Info = ["alias=new"] });
        ShouldBeAsWithoutCache(tree);
        tree.Write("kernel/new.ko", new TestModule { Exports = ["unknown"] });
        ShouldBeAsWithoutCache(tree);
        File.Delete($"{tree.Directory}/kernel/deep/er/c-d.ko");
        ShouldBeAsWithoutCache(tree);
    }

    [Fact]
    public void Module_with_unchanged_size_and_time_is_read_again()
    {
        using var tree = DepmodGoldenTests.Sample();
        var path = tree.Write("kernel/same.ko", new TestModule { Info = ["alias=one"] });
        File.SetLastWriteTimeUtc(path, LongAgo);
        tree.Run();
        tree.Write("kernel/same.ko", new TestModule { Info = ["alias=two"] });
        File.SetLastWriteTimeUtc(path, LongAgo);
        tree.Run();
        Assert.Contains("alias two same\n", tree.Snapshot()["modules.alias"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("modules.order")]
    [InlineData("modules.builtin")]
    [InlineData("modules.builtin.modinfo")]
    [InlineData("modules.dep")]
    [InlineData("modules.alias.bin")]
    public void Changed_input_file_updates_the_indexes(string name)
    {
        using var tree = DepmodGoldenTests.Sample();
        tree.Run();
        File.AppendAllText($"{tree.Directory}/{name}", "\n");
        ShouldBeAsWithoutCache(tree);
    }

    [Fact]
    public void Messages_repeat_on_every_run()
    {
        using var tree = DepmodGoldenTests.Sample();
        var first = tree.Run();
        Assert.Contains("Unmatched bracket in bad[bracket", first.Error, StringComparison.Ordinal);
        Assert.Equal(first, tree.Run());
    }

    [Fact]
    public void Damaged_cache_is_ignored()
    {
        using var tree = DepmodGoldenTests.Sample();
        foreach (var module in Directory.GetFiles(tree.Directory, "*.ko", SearchOption.AllDirectories))
            File.SetLastWriteTimeUtc(module, LongAgo);
        var said = tree.Run();
        var expected = tree.Snapshot();
        var memory = $"{tree.Directory}/modules.drover.bin";
        var good = File.ReadAllBytes(memory);
        var random = new Random(1);
        for (var i = 0; i < 60; i++)
        {
            var bad = good.ToArray();
            bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(memory, i % 3 == 0 ? bad[..random.Next(bad.Length)] : bad);
            Assert.Equal(said, tree.Run());
            Assert.Equal(expected, tree.Snapshot());
        }
    }

    [Fact]
    public void Killed_run_leaves_each_index_complete_old_or_new()
    {
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        using var tree = DepmodGoldenTests.Sample();
        tree.Run();
        var old = tree.Snapshot();
        for (var i = 0; i < 300; i++)
        {
            tree.Write($"kernel/more/m{i}.ko", new TestModule
            {
                Exports = [$"more_{i}"],
                Needs = ["b_one"],
                Info = [$"alias=more{i}"]
            });
        }

        tree.Run();
        var fresh = tree.Snapshot();
        var random = new Random(1);
        for (var i = 0; i < 15; i++)
        {
            foreach (var (name, content) in old)
            {
                if (!name.EndsWith(".bin", StringComparison.Ordinal))
                    File.WriteAllText($"{tree.Directory}/{name}", content);
            }
            File.Delete($"{tree.Directory}/modules.drover.bin");
            using (var run = Process.Start(
                new ProcessStartInfo(Repository.NativeBinary, ["depmod", "-C", $"{tree.Root}/depmod.d", "-b", tree.Root,
                ModuleRoot.Release])
                { UseShellExecute = false, RedirectStandardError = true })!)
            {
                run.WaitForExit(random.Next(25));
                run.Kill();
                run.WaitForExit();
            }
            foreach (var (name, content) in tree.Snapshot())
            {
                Assert.True(
                    content == fresh[name] || content == old[name], $"{name} is neither the old one nor the new one");
            }
        }
    }

    [Fact]
    public void Failed_rename_is_reported_and_leaves_no_file()
    {
        using var tree = DepmodGoldenTests.Sample();
        Directory.CreateDirectory($"{tree.Directory}/modules.dep/in-the-way");
        var (exit, _, error) = tree.Run();
        Assert.Equal(1, exit);
        Assert.Contains("depmod: FATAL: renameat(", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(tree.Directory, "modules.dep.*.*"));
        Assert.False(File.Exists($"{tree.Directory}/modules.alias"));
    }

    [Fact]
    public void Outdir_receives_the_output()
    {
        using var tree = DepmodGoldenTests.Sample();
        tree.Run();
        var expected = tree.Snapshot()["modules.dep"];
        tree.Clear();
        DepmodTree.Run("-C", $"{tree.Root}/depmod.d", "-b", tree.Root, "-o", $"{tree.Root}/out", ModuleRoot.Release);
        Assert.Equal(expected, File.ReadAllText($"{tree.Root}/out/lib/modules/{ModuleRoot.Release}/modules.dep"));
        Assert.False(File.Exists($"{tree.Directory}/modules.dep"));
        DepmodTree.Run("-C", $"{tree.Root}/depmod.d", "-b", $"{tree.Root}/lib", "-m", "modules", ModuleRoot.Release);
        Assert.Equal(expected, tree.Snapshot()["modules.dep"]);
    }

    static void ShouldBeAsWithoutCache(DepmodTree tree)
    {
        tree.Run();
        var ours = tree.Snapshot();
        tree.Clear();
        tree.Run();
        Assert.Equal(tree.Snapshot(), ours);
    }
}
