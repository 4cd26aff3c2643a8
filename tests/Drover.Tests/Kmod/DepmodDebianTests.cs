using Drover.Modules.Tests;

namespace Drover.Tests.Kmod;

/// <summary>Complete Debian kernels, with uncompressed and with compressed modules, for amd64 and for arm64.</summary>
public class DepmodDebianTests
{
    [Theory]
    [MemberData(nameof(KernelTrees.Names), MemberType = typeof(KernelTrees))]
    public void Files_equal_those_of_kmod(string name)
    {
        var module = KernelTrees.Modules(name)[0];
        // depmod follows a link to the tree of the kernel and writes nothing into it
        var kernel = module[..module.IndexOf("/kernel/", StringComparison.Ordinal)];
        using var tree = new DepmodTree(Path.GetFileName(kernel));
        foreach (var file in new[] { "kernel", "modules.order", "modules.builtin", "modules.builtin.modinfo" })
            File.CreateSymbolicLink($"{tree.Directory}/{file}", $"{kernel}/{file}");
        tree.ShouldBeAlike();
        var first = tree.Snapshot();
        // again, from the cache
        File.Delete($"{tree.Directory}/modules.dep");
        Assert.Equal((0, "", ""), tree.Run());
        Assert.Equal(first, tree.Snapshot());
    }
}
