using Drover.Modules.Tests;

namespace Drover.Tests.Kmod;

/// <summary>Complete Debian kernels, with uncompressed and with compressed modules.</summary>
public class DepmodDebianTests
{
    [Fact]
    public void Files_for_uncompressed_modules_equal_those_of_kmod() => Compare(KernelTrees.Plain[0]);

    [Fact]
    public void Files_for_compressed_modules_equal_those_of_kmod() => Compare(KernelTrees.Xz[0]);

    static void Compare(string module)
    {
        // depmod follows a link to the tree of the kernel and writes nothing into it
        var kernel = module[..module.IndexOf("/kernel/", StringComparison.Ordinal)];
        using var tree = new DepmodTree(Path.GetFileName(kernel));
        foreach (var name in new[] { "kernel", "modules.order", "modules.builtin", "modules.builtin.modinfo" })
            File.CreateSymbolicLink($"{tree.Directory}/{name}", $"{kernel}/{name}");
        tree.ShouldBeAlike();
        var first = tree.Snapshot();
        // again, from the cache
        File.Delete($"{tree.Directory}/modules.dep");
        Assert.Equal((0, "", ""), tree.Run());
        Assert.Equal(first, tree.Snapshot());
    }
}
