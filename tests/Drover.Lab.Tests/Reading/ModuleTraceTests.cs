using Drover.Lab.Reading;

namespace Drover.Lab.Tests.Reading;

public sealed class ModuleTraceTests
{
    [Fact]
    public void A_call_is_named_after_the_last_file_of_its_thread()
    {
        var read = ModuleTrace.Read(Sample.Read("udev-exclusive.trace"));

        Assert.Equal(
            [
                "i2c_core", "button", "scsi_common", "bsg", "i2c_i801", "psmouse", "scsi_mod", "cryptd", "cryptd",
                "sha1_generic", "cryptd",
            ],
            read.Calls.Take(11).Select(call => call.Module));
        Assert.Equal(["button", "scsi_common", "i2c_core", "bsg", "i2c_i801"], read.Loaded.Take(5));
        Assert.Empty(read.Warnings);
        Assert.Equal(0, read.LostEvents);
    }

    [Fact]
    public void Results_are_paired_by_thread_and_a_running_call_has_none()
    {
        var calls = ModuleTrace.Read(Sample.Read("udev-exclusive.trace")).Calls;

        var refused = calls.First(call => call.Result == "ETXTBSY");
        Assert.Equal(("cryptd", 73, "(udev-worker)"), (refused.Module, refused.Tid, refused.Comm));
        Assert.Equal(0.000049, refused.Seconds, precision: 6);
        Assert.Null(calls.Single(call => call.Module == "scsi_mod").Result);
    }

    [Fact]
    public void Init_module_has_a_length_and_follows_a_refused_finit_module()
    {
        var calls = ModuleTrace.Read(Sample.Read("init-module.trace")).Calls;

        Assert.Equal(
            [
                ("finit_module", "button", "ENOEXEC", null), ("init_module", "button", "0", 0xa057),
                ("finit_module", "qemu_fw_cfg", "ENOEXEC", null), ("init_module", "qemu_fw_cfg", "0", 0x9500L),
            ],
            calls.Select(call => (call.Syscall, call.Module!, call.Result!, call.Bytes)));
    }

    [Fact]
    public void A_name_other_than_the_kernels_is_a_warning()
    {
        const string trace = """
             .NET TP Worker-91      [002] .....    12.000001: ko: (do_sys_openat2) name="/lib/modules/libaes.ko"
             .NET TP Worker-91      [002] .....    12.000002: sys_finit_module(fd: 5, uargs: 7fd987643efd, flags: 0)
             .NET TP Worker-91      [002] .....    12.000003: module_load: gf128mul
            """;

        var read = ModuleTrace.Read(trace);

        Assert.Equal("the kernel loaded gf128mul where the last file was libaes", Assert.Single(read.Warnings));
        Assert.Equal(".NET TP Worker", Assert.Single(read.Calls).Comm);
    }

    [Fact]
    public void A_kept_descriptor_means_the_file_it_was_opened_for()
    {
        const string trace = """
            (udev-worker)-303     [029] .....    30.025184: ko: (do_sys_openat2) name="/lib/modules/cryptd.ko"
            (udev-worker)-303     [029] .....    30.025513: sys_finit_module(fd: 5, uargs: 7f8100bbfefd, flags: 0)
            (udev-worker)-303     [029] .....    30.025537: sys_finit_module -> 0xffffffffffffffe6
            (udev-worker)-303     [029] .....    30.098358: ko: (do_sys_openat2) name="/lib/modules/sha512_generic.ko"
            (udev-worker)-303     [029] .....    30.098606: sys_finit_module(fd: e, uargs: 7f8100bbfefd, flags: 0)
            (udev-worker)-303     [029] .....    30.098616: sys_finit_module -> 0xffffffffffffffe6
            (udev-worker)-303     [029] .....    30.099058: sys_finit_module(fd: e, uargs: 7f8100bbfefd, flags: 0)
            (udev-worker)-303     [029] .....    30.099065: sys_finit_module -> 0xffffffffffffffe6
            (udev-worker)-303     [029] .....    30.099431: sys_finit_module(fd: 5, uargs: 7f8100bbfefd, flags: 0)
            (udev-worker)-303     [029] .....    30.099439: sys_finit_module -> 0xffffffffffffffe6
            (udev-worker)-303     [029] .....    30.099788: ko: (do_sys_openat2) name="/lib/modules/gf128mul.ko"
            (udev-worker)-303     [029] .....    30.099950: sys_finit_module(fd: 5, uargs: 7f8100bbfefd, flags: 0)
            """;

        Assert.Equal(["cryptd", "sha512_generic", "sha512_generic", "cryptd", "gf128mul"],
            ModuleTrace.Read(trace).Calls.Select(call => call.Module));
    }

    [Fact]
    public void Lost_events_are_counted()
    {
        var (events, lost) = ModuleTrace.Events(
            "# tracer: nop\r\n# entries-in-buffer/entries-written: 1536/2000   #P:32\r\n");

        Assert.Empty(events);
        Assert.Equal(464, lost);
    }

    [Theory]
    [InlineData("0x0", "0")]
    [InlineData("0xffffffffffffffef", "EEXIST")]
    [InlineData("0xfffffffffffffff0", "EBUSY")]
    [InlineData("0xffffffffffffffe6", "ETXTBSY")]
    [InlineData("0xffffffffffffff7f", "EKEYREJECTED")]
    [InlineData("0xfffffffffffffc18", "errno 1000")]
    public void A_return_value_is_named_by_its_errno(string value, string name) =>
        Assert.Equal(name, ModuleCall.ResultOf(value));

    [Fact]
    public void Consecutive_refusals_of_a_removal_count_once()
    {
        var removals = ModuleTrace.Removals("""
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
