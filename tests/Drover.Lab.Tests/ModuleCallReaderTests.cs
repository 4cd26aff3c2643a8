using Drover.Lab.Reading;

namespace Drover.Lab.Tests;

public sealed class ModuleCallReaderTests
{
    [Fact]
    public void A_call_is_named_after_the_file_its_thread_opened_last()
    {
        var read = ModuleCallReader.Read(Sample.Read("udev-exclusive.trace"));

        Assert.Equal(
            ["i2c_core", "button", "scsi_common", "bsg", "i2c_i801", "psmouse", "scsi_mod", "cryptd", "cryptd", "sha1_generic", "cryptd"],
            read.Calls.Take(11).Select(call => call.Module));
        Assert.Equal(["button", "scsi_common", "i2c_core", "bsg", "i2c_i801"], read.Loaded.Take(5));
        Assert.Empty(read.Warnings);
        Assert.Equal(0, read.LostEvents);
    }

    [Fact]
    public void Results_are_paired_by_thread_and_a_call_still_running_has_none()
    {
        var calls = ModuleCallReader.Read(Sample.Read("udev-exclusive.trace")).Calls;

        var refused = calls.First(call => call.Result == "ETXTBSY");
        Assert.Equal(("cryptd", 73, "(udev-worker)"), (refused.Module, refused.Tid, refused.Comm));
        Assert.Equal(0.000049, refused.Seconds, precision: 6);
        Assert.Null(calls.Single(call => call.Module == "scsi_mod").Result);
    }

    [Fact]
    public void Init_module_tells_its_bytes_and_follows_a_finit_module_refused()
    {
        var calls = ModuleCallReader.Read(Sample.Read("init-module.trace")).Calls;

        Assert.Equal(
            [
                ("finit_module", "button", "ENOEXEC", null), ("init_module", "button", "0", 0xa057),
                ("finit_module", "qemu_fw_cfg", "ENOEXEC", null), ("init_module", "qemu_fw_cfg", "0", 0x9500L),
            ],
            calls.Select(call => (call.Syscall, call.Module!, call.Result!, call.Bytes)));
    }

    [Fact]
    public void A_name_that_disagrees_with_the_kernels_is_said()
    {
        const string trace = """
             .NET TP Worker-91      [002] .....    12.000001: ko: (do_sys_openat2+0x0/0xa7) name="/lib/modules/6.12.117/kernel/lib/crypto/libaes.ko"
             .NET TP Worker-91      [002] .....    12.000002: sys_finit_module(fd: 5, uargs: 7fd987643efd, flags: 0)
             .NET TP Worker-91      [002] .....    12.000003: module_load: gf128mul
            """;

        var read = ModuleCallReader.Read(trace);

        Assert.Equal("the kernel loaded gf128mul where the last file opened was libaes", Assert.Single(read.Warnings));
        Assert.Equal(".NET TP Worker", Assert.Single(read.Calls).Comm);
    }

    [Fact]
    public void A_descriptor_that_was_kept_stands_for_the_file_that_it_was_opened_for()
    {
        const string trace = """
               (udev-worker)-303     [029] .....    30.025184: ko: (do_sys_openat2+0x0/0xa7) name="/lib/modules/6.12.117/kernel/crypto/cryptd.ko"
               (udev-worker)-303     [029] .....    30.025513: sys_finit_module(fd: 5, uargs: 7f8100bbfefd, flags: 0)
               (udev-worker)-303     [029] .....    30.025537: sys_finit_module -> 0xffffffffffffffe6
               (udev-worker)-303     [029] .....    30.098358: ko: (do_sys_openat2+0x0/0xa7) name="/lib/modules/6.12.117/kernel/crypto/sha512_generic.ko"
               (udev-worker)-303     [029] .....    30.098606: sys_finit_module(fd: e, uargs: 7f8100bbfefd, flags: 0)
               (udev-worker)-303     [029] .....    30.098616: sys_finit_module -> 0xffffffffffffffe6
               (udev-worker)-303     [029] .....    30.099058: sys_finit_module(fd: e, uargs: 7f8100bbfefd, flags: 0)
               (udev-worker)-303     [029] .....    30.099065: sys_finit_module -> 0xffffffffffffffe6
               (udev-worker)-303     [029] .....    30.099431: sys_finit_module(fd: 5, uargs: 7f8100bbfefd, flags: 0)
               (udev-worker)-303     [029] .....    30.099439: sys_finit_module -> 0xffffffffffffffe6
               (udev-worker)-303     [029] .....    30.099788: ko: (do_sys_openat2+0x0/0xa7) name="/lib/modules/6.12.117/kernel/lib/crypto/gf128mul.ko"
               (udev-worker)-303     [029] .....    30.099950: sys_finit_module(fd: 5, uargs: 7f8100bbfefd, flags: 0)
            """;

        Assert.Equal(["cryptd", "sha512_generic", "sha512_generic", "cryptd", "gf128mul"], ModuleCallReader.Read(trace).Calls.Select(call => call.Module));
    }

    [Fact]
    public void Events_that_did_not_fit_are_counted()
    {
        var (events, lost) = TraceFile.Parse("# tracer: nop\r\n# entries-in-buffer/entries-written: 1536/2000   #P:32\r\n");

        Assert.Empty(events);
        Assert.Equal(464, lost);
    }

    [Theory]
    [InlineData("0x0", "0")]
    [InlineData("0xffffffffffffffef", "EEXIST")]
    [InlineData("0xfffffffffffffff0", "EBUSY")]
    [InlineData("0xffffffffffffffe6", "ETXTBSY")]
    [InlineData("0xffffffffffffff7f", "EKEYREJECTED")]
    [InlineData("0xffffffffffffff83", "errno 125")]
    public void A_return_value_has_an_errnos_name(string value, string name) => Assert.Equal(name, Errno.OfReturnValue(value));
}
