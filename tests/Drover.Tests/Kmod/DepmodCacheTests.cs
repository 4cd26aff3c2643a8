using System.Diagnostics;

namespace Drover.Tests.Kmod;

/// <summary>What depmod remembers never shows in what it writes.</summary>
public class DepmodCacheTests
{
    static readonly DateTime LongAgo = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void A_changed_added_or_removed_module_shows_in_the_indexes()
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
    public void A_module_of_the_same_size_and_time_is_read_again()
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
    public void A_changed_file_beside_the_modules_is_noticed(string name)
    {
        using var tree = DepmodGoldenTests.Sample();
        tree.Run();
        File.AppendAllText($"{tree.Directory}/{name}", "\n");
        ShouldBeAsWithoutCache(tree);
    }

    [Fact]
    public void Messages_are_told_every_time()
    {
        using var tree = DepmodGoldenTests.Sample();
        var first = tree.Run();
        Assert.Contains("Unmatched bracket in bad[bracket", first.Error, StringComparison.Ordinal);
        Assert.Equal(first, tree.Run());
    }

    [Fact]
    public void A_damaged_memory_is_none()
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
    public void A_killed_run_leaves_each_index_old_or_new_and_whole()
    {
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        using var tree = DepmodGoldenTests.Sample();
        tree.Run();
        var old = tree.Snapshot();
        for (var i = 0; i < 300; i++)
            tree.Write($"kernel/more/m{i}.ko", new TestModule { Exports = [$"more_{i}"], Needs = ["b_one"], Info = [$"alias=more{i}"] });
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
            using (var run = Process.Start(new ProcessStartInfo(Repository.NativeBinary, ["depmod", "-C", $"{tree.Root}/depmod.d", "-b", tree.Root, ModuleRoot.Release]) { UseShellExecute = false, RedirectStandardError = true })!)
            {
                run.WaitForExit(random.Next(25));
                run.Kill();
                run.WaitForExit();
            }
            foreach (var (name, content) in tree.Snapshot())
                Assert.True(content == fresh[name] || content == old[name], $"{name} is neither the old one nor the new one");
        }
    }

    [Fact]
    public void What_cannot_be_put_into_place_is_told_and_leaves_nothing_behind()
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
    public void Output_goes_where_it_is_asked_to()
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
