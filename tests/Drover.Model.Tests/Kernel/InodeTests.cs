using CsCheck;
using Drover.Kernel;
using Drover.Model.Kernel;

namespace Drover.Model.Tests.Kernel;

/// <summary>The rules of i_writecount.</summary>
public sealed class InodeTests
{
    [Fact]
    public void The_write_count_is_writers_or_deniers_and_never_both()
    {
        Gen.Int[0, 4].Array[0, 60].Sample(steps =>
        {
            var inode = new Inode("/a.ko");
            var (writers, deniers) = (0, 0);
            foreach (var step in steps)
            {
                switch (step)
                {
                    case 0:
                        Assert.Equal(deniers > 0, inode.GetWriteAccess() is Errno.ETXTBSY);
                        writers += deniers > 0 ? 0 : 1;
                        break;
                    case 1:
                        Assert.Equal(writers > 0, inode.DenyWriteAccess() is Errno.ETXTBSY);
                        deniers += writers > 0 ? 0 : 1;
                        break;
                    case 2:
                        Assert.Equal(writers + deniers > 0, inode.ExclusiveDenyWriteAccess() is Errno.ETXTBSY);
                        deniers += writers + deniers > 0 ? 0 : 1;
                        break;
                    case 3 when writers > 0:
                        inode.PutWriteAccess();
                        writers--;
                        break;
                    case 4 when deniers > 0:
                        inode.AllowWriteAccess();
                        deniers--;
                        break;
                    default:
                        break;
                }
                Assert.Equal(writers - deniers, inode.WriteCount);
                Assert.True(writers == 0 || deniers == 0);
            }
        }, iter: 2000);
    }

    [Fact]
    public void The_exclusive_denier_is_the_first_and_others_nest_in_it()
    {
        var inode = new Inode("/a.ko");
        Assert.Equal(Errno.None, inode.ExclusiveDenyWriteAccess());
        Assert.Equal(Errno.None, inode.DenyWriteAccess());
        Assert.Equal(-2, inode.WriteCount);
        Assert.Equal(Errno.ETXTBSY, inode.ExclusiveDenyWriteAccess());
    }

    [Fact]
    public void Execve_and_verity_fail_while_there_are_writers()
    {
        var inode = new Inode("/a.ko");
        Assert.Equal(Errno.None, FileWriter.TryOpen(inode, out var writer));
        Assert.Equal(
            (Errno.ETXTBSY, Errno.ETXTBSY),
            (RunningProgram.TryExecve(inode, out _), EnableVerity.TryBegin(inode, out _)));
        Assert.Equal(Errno.None, FileWriter.TryOpen(inode, out var second));
        second!.Dispose();
        writer!.Dispose();
        Assert.Equal(Errno.None, RunningProgram.TryExecve(inode, out var program));
        Assert.Equal(Errno.None, EnableVerity.TryBegin(inode, out var verity));
        Assert.Equal((Errno.ETXTBSY, -2), (FileWriter.TryOpen(inode, out _), inode.WriteCount));
        verity!.Dispose();
        program!.Dispose();
        Assert.Equal((0, false), (inode.WriteCount, inode.IsVerity));
    }

    [Fact]
    public void A_file_with_verity_is_never_written_nor_sealed_again()
    {
        var inode = new Inode("/a.ko");
        Assert.Equal(Errno.None, EnableVerity.TryBegin(inode, out var verity));
        verity!.Complete();
        verity.Dispose();
        Assert.Equal(
            (Errno.EPERM, Errno.EEXIST, 0),
            (FileWriter.TryOpen(inode, out _), EnableVerity.TryBegin(inode, out _), inode.WriteCount));
    }
}
