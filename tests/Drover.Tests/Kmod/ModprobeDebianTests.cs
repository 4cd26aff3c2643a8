using Drover.Modules.Tests;

namespace Drover.Tests.Kmod;

/// <summary>modprobe compared with kmod on Debian's kernels: every alias, every module.</summary>
public sealed class ModprobeDebianTests
{
    [Theory]
    [MemberData(nameof(KernelTrees.Names), MemberType = typeof(KernelTrees))]
    public void Steps_of_every_module_equal_those_of_kmod(string kernel)
    {
        var (root, release) = KernelTrees.Indexed(kernel);
        var modules = File.ReadLines($"{root}/lib/modules/{release}/modules.dep")
            .Select(line => Path.GetFileName(line[..line.IndexOf(':', StringComparison.Ordinal)]))
            .Select(file => file[..file.IndexOf('.', StringComparison.Ordinal)]);
        foreach (var batch in modules.Chunk(1500))
        {
            KmodBeside.SameAsKmod(["modprobe", "-C", "/dev/null", "-d", root, "-S", release, "-aD", .. batch],
                "--first-softdep");
        }
    }

    [Theory]
    [MemberData(nameof(KernelTrees.Names), MemberType = typeof(KernelTrees))]
    public void Modules_of_every_alias_equal_those_of_kmod(string kernel)
    {
        var (root, release) = KernelTrees.Indexed(kernel);
        var aliases = File.ReadLines($"{root}/lib/modules/{release}/modules.alias")
            .Where(line => line.StartsWith("alias ", StringComparison.Ordinal))
            .Select(line => Concrete(line.Split(' ')[1]));
        foreach (var batch in aliases.Distinct().Chunk(4000))
            KmodBeside.SameAsKmod(["modprobe", "-C", "/dev/null", "-d", root, "-S", release, "-aR", .. batch]);
    }

    [Theory]
    [MemberData(nameof(KernelTrees.Names), MemberType = typeof(KernelTrees))]
    public void Dumped_indexes_equal_those_of_kmod(string kernel)
    {
        var (root, release) = KernelTrees.Indexed(kernel);
        KmodBeside.SameAsKmod(["modprobe", "-C", "/dev/null", "-d", root, "-S", release, "-c"]);
    }

    /// <summary>A text that matches the pattern.</summary>
    static string Concrete(string pattern)
    {
        var text = new System.Text.StringBuilder();
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] == '[')
            {
                text.Append(pattern[i + 1]);
                i = pattern.IndexOf(']', i);
            }
            else
            {
                text.Append(pattern[i] switch
                {
                    '*' => (i % 3) switch { 0 => "", 1 => "0", _ => "0A" },
                    '?' => "1",
                    var c => c.ToString()
                });
            }
        }
        return text.ToString();
    }
}
