using System.IO.Compression;
using Drover.Kernel;
using Drover.Linux.Kernel;
using Drover.Linux.ProcFs;
using Drover.Linux.Runtime;

namespace Drover.Linux.Tests.Kernel;

public sealed class LinuxKernelTests : IDisposable
{
    readonly TestDirectory _temporary = new();
    readonly LiveLoop _loop = new();
    readonly LinuxKernel _kernel;

    public LinuxKernelTests() => _kernel = new(new KernelThreads(_loop));

    public void Dispose()
    {
        _kernel.Dispose();
        _temporary.Dispose();
    }

    /// <summary>The errno that this kernel must return for invalid modules, from other sources.</summary>
    static Errno Refusal =>
        !KernelHasModules ? Errno.ENOSYS :
        !Environment.IsPrivilegedProcess || File.ReadAllText("/proc/sys/kernel/modules_disabled").Trim() == "1"
            ? Errno.EPERM :
        Errno.ENOEXEC;

    static bool KernelHasModules => File.Exists("/proc/modules");

    [Theory]
    [InlineData(LoadVia.FinitModule, "m.ko")]
    [InlineData(LoadVia.InitModule, "m.ko")]
    public void LoadAsync_returns_the_errno_of_the_kernel_on_the_loop(LoadVia via, string name)
    {
        _temporary.File(name, "no module, but long enough for one: " + new string('x', 4096));
        var (reply, thread) = _loop.Run(async () =>
        {
            var result = await _kernel.LoadAsync(new("m", _temporary[name], via, "a=1"));
            return (result, Environment.CurrentManagedThreadId);
        });
        Assert.Equal(Refusal, reply.Error);
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
    }

    [Fact]
    public void Load_of_a_compressed_file_asks_the_kernel_to_decompress()
    {
        _temporary.File("m.ko.xz", "no xz either");
        var reply = _loop.Run(() =>
            _kernel.LoadAsync(new("m", _temporary["m.ko.xz"], LoadVia.FinitModuleCompressed, "")));
        // Without the flag the kernel reads it as ELF (ENOEXEC). With the flag a kernel with CONFIG_MODULE_DECOMPRESS
        // looks for the magic number of its format (kernel: module_decompress, EINVAL), another one refuses
        // (EOPNOTSUPP), and one before 5.17 does not know the flag (EINVAL).
        var decompresses = _kernel.Decompresses is not ModuleCompression.None;
        var expected = Refusal is not Errno.ENOEXEC ? Refusal
            : decompresses || Environment.OSVersion.Version < new Version(5, 17) ? Errno.EINVAL
            : Errno.EOPNOTSUPP;
        Assert.Equal(expected, reply.Error);
    }

    [Theory]
    [InlineData(LoadVia.FinitModule)]
    [InlineData(LoadVia.FinitModuleCompressed)]
    [InlineData(LoadVia.InitModule)]
    public void LoadAsync_returns_ENOENT_and_the_path_of_a_missing_file(LoadVia via)
    {
        var reply = _loop.Run(() => _kernel.LoadAsync(new("m", _temporary["m.ko"], via, "")));
        Assert.Equal(Errno.ENOENT, reply.Error);
        Assert.Contains(_temporary["m.ko"], reply.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void LoadAsync_reports_the_offset_of_damaged_compressed_data()
    {
        File.WriteAllBytes(_temporary["m.ko.zst"], [0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]);
        var reply = _loop.Run(() => _kernel.LoadAsync(new("m", _temporary["m.ko.zst"], LoadVia.InitModule, "")));
        Assert.Equal(Errno.EBADMSG, reply.Error);
        Assert.Contains("offset", reply.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void DeleteAsync_returns_an_errno_for_an_absent_module()
    {
        var expected = Refusal is Errno.ENOEXEC ? Errno.ENOENT : Refusal;
        Assert.Equal(expected, _loop.Run(() => _kernel.DeleteAsync("drover_no_such_module", force: false)).Error);
    }

    [Fact]
    public void TryInspect_identifies_a_file_independently_of_its_path()
    {
        const int ImageBytes = 12345;
        using (var gzip = new GZipStream(File.Create(_temporary["m.ko.gz"]), CompressionLevel.Fastest))
            gzip.Write(new byte[ImageBytes]);

        _temporary.Link("link.ko", _temporary["m.ko.gz"]);
        File.SetLastWriteTimeUtc(_temporary["m.ko.gz"], new DateTime(2024, 2, 29, 12, 0, 0, DateTimeKind.Utc)
            .AddTicks(1234567));
        var stat = TestProcess.Run("stat", "-c", "%Hd %Ld %i %s %.9Y", _temporary["m.ko.gz"]).Trim().Split(' ');

        Assert.True(_kernel.TryInspect(_temporary["link.ko"], out var facts, out var reason), reason.Detail);

        Assert.Equal(new FileId((ulong.Parse(stat[0]) << 32) | ulong.Parse(stat[1]), ulong.Parse(stat[2])), facts.Id);
        Assert.Equal(
            new FileVersion(long.Parse(stat[3]), long.Parse(stat[4].Replace(".", "", StringComparison.Ordinal))),
            facts.Version);
        Assert.Equal((facts.Version.Bytes, ImageBytes, ModuleCompression.Gzip),
            (facts.FileBytes, facts.ImageBytes, facts.Compression));
    }

    [Fact]
    public void TryInspect_reports_a_damaged_file_with_its_path()
    {
        _temporary.File("m.ko", "no ELF");
        Assert.False(_kernel.TryInspect(_temporary["m.ko"], out _, out var reason));
        Assert.Equal(Errno.EBADMSG, reason.Error);
        Assert.Contains(_temporary["m.ko"], reason.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void TryInspect_reports_the_reason_of_a_failure()
    {
        Assert.False(_kernel.TryInspect(_temporary["none.ko"], out _, out var reason));
        Assert.Equal(Errno.ENOENT, reason.Error);
        Assert.Contains("none.ko", reason.Detail, StringComparison.Ordinal);
        Assert.False(_kernel.TryInspect(_temporary.Path, out _, out reason));
        Assert.Equal(Errno.EINVAL, reason.Error);
        Assert.Contains("regular", reason.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void CPU_count_and_memory_agree_with_other_sources()
    {
        Assert.Equal(int.Parse(TestProcess.Run("getconf", "_NPROCESSORS_ONLN")), _kernel.CpuCount);
        var total = long.Parse(TestProcess.Run("sh", "-c", "awk '/^MemTotal/{print $2}' /proc/meminfo")) << 10;
        Assert.InRange(_kernel.AvailableBytes, 1, total);
        var before = ulong.Parse(File.ReadAllText("/sys/kernel/uevent_seqnum"));
        var seen = _kernel.UeventSeqnum;
        Assert.InRange(seen, before, ulong.Parse(File.ReadAllText("/sys/kernel/uevent_seqnum")));
    }

    [Fact]
    public void UeventSeqnum_is_read_from_the_kernel_each_time()
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
    public void InitStateOf_is_Absent_for_unknown_modules_and_invalid_names()
    {
        Assert.Equal(InitState.Absent, _kernel.InitStateOf("drover_no_such_module"));
        Assert.All(["", ".", "..", "../kernel", "a/b", "a\0b"], name =>
            Assert.Equal(InitState.Absent, _kernel.InitStateOf(name)));
    }

    [Fact]
    public void InitStateOf_follows_initstate_of_the_module_directory()
    {
        Assert.SkipUnless(Directory.Exists("/sys/module"), "no sysfs here");
        foreach (var directory in Directory.EnumerateDirectories("/sys/module"))
        {
            var file = Path.Combine(directory, "initstate");
            var expected = File.Exists(file) ? Enum.Parse<InitState>(File.ReadAllText(file).Trim(), ignoreCase: true)
                : Directory.Exists(Path.Combine(directory, "parameters")) &&
                    !Directory.Exists(Path.Combine(directory, "holders")) ? InitState.Absent
                : InitState.Coming;
            Assert.Equal(expected, _kernel.InitStateOf(Path.GetFileName(directory)));
        }
    }

    [Fact]
    public void RunInstallCommandAsync_sets_the_module_name_and_returns_the_exit_status()
    {
        var output = _temporary["out"];
        Assert.Equal(3,
            _loop.Run(() =>
            _kernel.RunInstallCommandAsync($"echo \"$MODPROBE_MODULE\" 'a b' > {output}; exit 3", "snd_pcm")));
        Assert.Equal("snd_pcm a b\n", File.ReadAllText(output));
        Assert.Null(Environment.GetEnvironmentVariable("MODPROBE_MODULE"));
        Assert.Equal(128 + 9, _loop.Run(() => _kernel.RunInstallCommandAsync("kill -9 $$", "m")));
        Assert.Equal(127, _loop.Run(() => _kernel.RunInstallCommandAsync("/no/such/program 2>/dev/null", "m")));
    }

    [Fact]
    public void Calls_return_their_documented_value_when_no_thread_can_be_created()
    {
        using var kernel = new LinuxKernel(new KernelThreads(_loop) { StartThread = (_, _) => null });
        var load = _loop.Run(() => kernel.LoadAsync(new("m", _temporary["m.ko"], LoadVia.FinitModule, "")));
        Assert.Equal(Errno.EAGAIN, load.Error);
        Assert.Contains("thread", load.Detail, StringComparison.Ordinal);
        // EAGAIN of delete_module says that the module is in use
        Assert.Equal(Errno.ENOMEM, _loop.Run(() => kernel.DeleteAsync("m", force: false)).Error);
        Assert.Equal(-1, _loop.Run(() => kernel.RunInstallCommandAsync("true", "m")));
    }

    [Fact]
    public void Loads_and_inspection_fail_with_EMFILE_when_no_descriptor_is_left()
    {
        using var child = new DescriptorChild(_temporary.Path);
        Assert.Equal("EMFILE EMFILE EMFILE", child.Line());
    }
}
