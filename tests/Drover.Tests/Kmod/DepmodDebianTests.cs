using Drover.Modules.Tests;

namespace Drover.Tests.Kmod;

/// <summary>Whole kernels of Debian: plain modules, and packed ones.</summary>
public class DepmodDebianTests
{
    [Fact]
    public void All_files_of_a_kernel_with_plain_modules_are_kmods() => Compare(KernelTrees.Plain[0]);

    [Fact]
    public void All_files_of_a_kernel_with_packed_modules_are_kmods() => Compare(KernelTrees.Xz[0]);

    static void Compare(string module)
    {
        // nothing is written into the kernel's own tree: depmod follows a link to it
        var kernel = module[..module.IndexOf("/kernel/", StringComparison.Ordinal)];
        using var tree = new DepmodTree(Path.GetFileName(kernel));
        foreach (var name in new[] { "kernel", "modules.order", "modules.builtin", "modules.builtin.modinfo" })
            File.CreateSymbolicLink($"{tree.Directory}/{name}", $"{kernel}/{name}");
        tree.ShouldBeAlike();
        var first = tree.Snapshot();
        // again, from what was remembered
        File.Delete($"{tree.Directory}/modules.dep");
        Assert.Equal((0, "", ""), tree.Run());
        Assert.Equal(first, tree.Snapshot());
    }
}
