using System.IO.Compression;
using System.Runtime.InteropServices;
using Drover.Linux.Syscalls;
using Drover.Loading;
using Drover.Modules;

namespace Drover.Linux.Tests;

public sealed class LinuxKernelTests : IDisposable
{
    readonly TestDirectory _temporary = new();
    readonly LiveLoop _loop = new();
    readonly LinuxKernel _kernel;

    public LinuxKernelTests() => _kernel = new(new KernelThreads(_loop));

    public void Dispose()
    {
        _kernel.Dispose();
        _loop.Dispose();
        _temporary.Dispose();
    }

    /// <summary>What this kernel must say to bytes that are no module, by facts of its own.</summary>
    static Errno Refusal =>
        !KernelHasModules ? Errno.ENOSYS :
        !Environment.IsPrivilegedProcess || File.ReadAllText("/proc/sys/kernel/modules_disabled").Trim() == "1" ? Errno.EPERM :
        Errno.ENOEXEC;

    static bool KernelHasModules => File.Exists("/proc/modules");

    [Theory]
    [InlineData(LoadVia.FinitModule, "m.ko")]
    [InlineData(LoadVia.InitModule, "m.ko")]
    public void The_kernels_refusal_arrives_as_an_errno_on_the_loop(LoadVia via, string name)
    {
        _temporary.File(name, "no module, but bytes enough to be read as one: " + new string('x', 4096));
        var (reply, thread) = _loop.Run(async () =>
        {
            var answer = await _kernel.LoadAsync(new("m", _temporary[name], via, "a=1"));
            return (answer, Environment.CurrentManagedThreadId);
        });
        Assert.Equal(Refusal, reply.Error);
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
    }

    [Fact]
    public void A_compressed_file_is_announced_to_the_kernel_as_one()
    {
        _temporary.File("m.ko.xz", "no xz either");
        var reply = _loop.Run(() => _kernel.LoadAsync(new("m", _temporary["m.ko.xz"], LoadVia.FinitModuleCompressed, "")));
        Assert.Contains(reply.Error, new[] { Refusal, Errno.EOPNOTSUPP, Errno.EINVAL });
    }

    [Theory]
    [InlineData(LoadVia.FinitModule)]
    [InlineData(LoadVia.FinitModuleCompressed)]
    [InlineData(LoadVia.InitModule)]
    public void A_file_that_is_not_there_is_ENOENT_and_named(LoadVia via)
    {
        var reply = _loop.Run(() => _kernel.LoadAsync(new("m", _temporary["m.ko"], via, "")));
        Assert.Equal(Errno.ENOENT, reply.Error);
        Assert.Contains(_temporary["m.ko"], reply.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_file_that_we_decompress_is_told_with_its_offset()
    {
        File.WriteAllBytes(_temporary["m.ko.zst"], [0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]);
        var reply = _loop.Run(() => _kernel.LoadAsync(new("m", _temporary["m.ko.zst"], LoadVia.InitModule, "")));
        Assert.Equal(Errno.EBADMSG, reply.Error);
        Assert.Contains("offset", reply.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Removing_what_is_not_there_is_an_errno()
    {
        var expected = Refusal is Errno.ENOEXEC ? Errno.ENOENT : Refusal;
        Assert.Equal(expected, _loop.Run(() => _kernel.DeleteAsync("drover_no_such_module", force: false)).Error);
    }

    [Fact]
    public void A_file_is_inspected_by_what_it_is_not_by_its_path()
    {
        const int ImageBytes = 12345;
        using (var gzip = new GZipStream(File.Create(_temporary["m.ko.gz"]), CompressionLevel.Fastest))
        {
            gzip.Write(new byte[ImageBytes]);
        }

        _temporary.Link("link.ko", _temporary["m.ko.gz"]);
        File.SetLastWriteTimeUtc(_temporary["m.ko.gz"], new DateTime(2024, 2, 29, 12, 0, 0, DateTimeKind.Utc).AddTicks(1234567));
        var stat = TestProcess.Run("stat", "-c", "%Hd %Ld %i %s %.9Y", _temporary["m.ko.gz"]).Trim().Split(' ');

        Assert.True(_kernel.TryInspect(_temporary["link.ko"], out var facts, out var reason), reason.Detail);

        Assert.Equal(new FileId((ulong.Parse(stat[0]) << 32) | ulong.Parse(stat[1]), ulong.Parse(stat[2])), facts.Id);
        Assert.Equal(new FileVersion(long.Parse(stat[3]), long.Parse(stat[4].Replace(".", "", StringComparison.Ordinal))), facts.Version);
        Assert.Equal((facts.Version.Bytes, ImageBytes, ModuleCompression.Gzip), (facts.FileBytes, facts.ImageBytes, facts.Compression));
    }

    [Fact]
    public void A_damaged_file_is_inspected_no_further_and_named()
    {
        _temporary.File("m.ko", "no ELF");
        Assert.False(_kernel.TryInspect(_temporary["m.ko"], out _, out var reason));
        Assert.Equal(Errno.EBADMSG, reason.Error);
        Assert.Contains(_temporary["m.ko"], reason.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_inspected_is_told_and_why()
    {
        Assert.False(_kernel.TryInspect(_temporary["none.ko"], out _, out var reason));
        Assert.Equal(Errno.ENOENT, reason.Error);
        Assert.Contains("none.ko", reason.Detail, StringComparison.Ordinal);
        Assert.False(_kernel.TryInspect(_temporary.Path, out _, out reason));
        Assert.Equal(Errno.EINVAL, reason.Error);
        Assert.Contains("regular", reason.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void The_machine_is_as_others_see_it()
    {
        Assert.Equal(int.Parse(TestProcess.Run("getconf", "_NPROCESSORS_ONLN")), _kernel.CpuCount);
        var total = long.Parse(TestProcess.Run("sh", "-c", "awk '/^MemTotal/{print $2}' /proc/meminfo")) << 10;
        Assert.InRange(_kernel.AvailableBytes, 1, total);
        var before = ulong.Parse(File.ReadAllText("/sys/kernel/uevent_seqnum"));
        var seen = _kernel.UeventSeqnum;
        Assert.InRange(seen, before, ulong.Parse(File.ReadAllText("/sys/kernel/uevent_seqnum")));
    }

    [Fact]
    public void The_seqnum_is_the_kernels_of_now_each_time_it_is_asked_for()
    {
        _temporary.File("seqnum", "41\n");
        using var seqnum = new UeventSeqnum(_temporary["seqnum"]);
        Assert.Equal(41UL, seqnum.Read());
        _temporary.File("seqnum", "18446744073709551615\n");
        Assert.Equal(ulong.MaxValue, seqnum.Read());
        using var none = new UeventSeqnum(_temporary["none"]);
        Assert.Equal(0UL, none.Read());
    }

    [Fact]
    public void A_module_the_kernel_does_not_know_is_absent_and_no_name_leads_elsewhere()
    {
        Assert.Equal(InitState.Absent, _kernel.InitStateOf("drover_no_such_module"));
        Assert.All(["", ".", "..", "../kernel", "a/b", "a\0b"], name => Assert.Equal(InitState.Absent, _kernel.InitStateOf(name)));
    }

    [Fact]
    public void A_module_with_a_directory_has_the_state_its_initstate_tells_and_without_one_is_coming_or_built_in()
    {
        Assert.SkipUnless(Directory.Exists("/sys/module"), "no sysfs here");
        foreach (var directory in Directory.EnumerateDirectories("/sys/module"))
        {
            var file = Path.Combine(directory, "initstate");
            var expected = File.Exists(file) ? Enum.Parse<InitState>(File.ReadAllText(file).Trim(), ignoreCase: true)
                : Directory.Exists(Path.Combine(directory, "parameters")) && !Directory.Exists(Path.Combine(directory, "holders")) ? InitState.Absent
                : InitState.Coming;
            Assert.Equal(expected, _kernel.InitStateOf(Path.GetFileName(directory)));
        }
    }

    [Fact]
    public void An_install_command_runs_in_the_shell_with_its_modules_name_and_its_status_comes_back()
    {
        var output = _temporary["out"];
        Assert.Equal(3, _loop.Run(() => _kernel.RunInstallCommandAsync($"echo \"$MODPROBE_MODULE\" 'a b' > {output}; exit 3", "snd_pcm")));
        Assert.Equal("snd_pcm a b\n", File.ReadAllText(output));
        Assert.Null(Environment.GetEnvironmentVariable("MODPROBE_MODULE"));
        Assert.Equal(128 + 9, _loop.Run(() => _kernel.RunInstallCommandAsync("kill -9 $$", "m")));
        Assert.Equal(127, _loop.Run(() => _kernel.RunInstallCommandAsync("/no/such/program 2>/dev/null", "m")));
    }

    [Theory]
    [InlineData(Architecture.X64, 175, 176, 313)]
    [InlineData(Architecture.Arm64, 105, 106, 273)]
    public void The_calls_have_their_architectures_numbers(Architecture architecture, int init, int delete, int finit) =>
        Assert.Equal(new ModuleCallNumbers(init, delete, finit), ModuleCallNumbers.Of(architecture));

    [Fact]
    public void An_architecture_without_numbers_is_named()
    {
        var thrown = Assert.Throws<PlatformNotSupportedException>(() => ModuleCallNumbers.Of(Architecture.S390x));
        Assert.Contains("S390x", thrown.Message, StringComparison.Ordinal);
    }
}
