using Drover.Tests.Kmod;

namespace Drover.Tests.CommandLine;

/// <summary>Module trees below a /usr that is an overlay, as systemd-sysext makes it, in a mount namespace. Only root
/// can create one; the test is skipped otherwise.</summary>
public sealed class MergedExtensionTests : IDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("drover-sysext-").FullName;

    public void Dispose() => ModuleRoot.Delete(_directory);

    [Fact]
    public void Merged_indexes_are_made_once_followed_and_left_when_the_extensions_go()
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root may mount an overlay");
        using var kernel = new ModuleRoot().Write("kernel/base.ko", new TestModule { Exports = ["s"] }).Index();
        using var first = new ModuleRoot()
            .Write("extra/wifi.ko", new TestModule { Needs = ["s"], Info = ["softdep=pre: gpu"] }).Index();
        using var second = new ModuleRoot().Write("extra/gpu.ko", new TestModule { Needs = ["s"] }).Index();
        // lower directories are below /usr
        var runs = NamespaceScript.Run(
            _directory,
            $$"""
            V=$(uname -r)
            for one in kernel first second; do mkdir -p $one/lib/modules $one/.systemd-sysext; done
            cp -a {{kernel.Directory}} kernel/lib/modules/$V
            cp -a {{first.Directory}} first/lib/modules/$V
            cp -a {{second.Directory}} second/lib/modules/$V
            printf 'first\nsecond\n' >second/.systemd-sysext/extensions
            mkdir -p run /run/drover
            mount --bind run /run/drover
            mount -t overlay kernel -o lowerdir=kernel:/usr /usr
            modprobe() { {{AppContext.BaseDirectory}}drover modprobe -C /dev/null "$@"; }
            merge() { mount -t overlay sysext -o lowerdir=second:first:/usr /usr; }
            unmerge() { umount -l /usr; }
            made() { stat -c %i /run/drover/modules/$V/modules.dep.bin; }

            """,
            [
                "modprobe -D base; ls /run/drover",
                "modprobe -D wifi",
                "merge; modprobe -aD gpu wifi base; made >then; modprobe -D gpu; made | cmp - then; unmerge; "
                    + "mkdir first/lib/modules/$V/updates; cp first/lib/modules/$V/{extra/wifi,updates/late}.ko; "
                    + "merge; modprobe -D late; unmerge",
                "modprobe -D wifi; modprobe -D base",
            ]);
        const string Base = "insmod /lib/modules/V/kernel/base.ko \n", Gpu = "insmod /lib/modules/V/extra/gpu.ko \n",
            Wifi = "insmod /lib/modules/V/extra/wifi.ko \n";
        Assert.Equal(
            new[]
            {
                Base, "modprobe: FATAL: Module wifi not found in directory /lib/modules/V\n",
                // its softdep is known from the made modules.softdep
                $"{Base}{Gpu}{Base}{Base}{Gpu}{Wifi}{Base}{Base}{Gpu}{Base}{Base}{Gpu}"
                    + "insmod /lib/modules/V/updates/late.ko \n",
                $"modprobe: FATAL: Module wifi not found in directory /lib/modules/V\n{Base}",
            },
            runs.Select(run => $"{run.Error}{run.Out}".Replace(Release, "/V", StringComparison.Ordinal)));
    }

    static string Release => "/" + File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
}
