using Drover.Lab.Reading;

namespace Drover.Lab.Tests;

/// <summary>delete_module, as the kernel's trace has it.</summary>
public class RemovalReaderTests
{
    [Fact]
    public void Who_waits_for_a_module_in_use_tries_once_however_often_it_looks()
    {
        var removals = RemovalReader.Read("""
                   rmmod-7       [000] ...1.     1.000000: sys_delete_module(name_user: 7f186ee4eba0, flags: 800)
                   rmmod-7       [000] ...1.     1.000001: sys_delete_module -> 0xfffffffffffffff5
                   rmmod-8       [000] ...1.     1.100000: sys_delete_module -> 0xfffffffffffffff5
             kernel call-7       [001] ...1.     1.200000: sys_delete_module -> 0xfffffffffffffff5
             kernel call-7       [001] ...1.     1.300000: sys_delete_module -> 0x0
             kernel call-7       [001] ...1.     1.400000: sys_delete_module -> 0xfffffffffffffff5
                   rmmod-9       [000] ...1.     1.500000: sys_delete_module -> 0xfffffffffffffffe
            """);
        Assert.Equal(new Dictionary<string, int> { ["0"] = 1, ["EAGAIN"] = 3, ["ENOENT"] = 1 }, removals);
    }
}
