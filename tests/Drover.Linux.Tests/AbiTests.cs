using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Drover.Kernel;
using Drover.Linux.Syscalls;
using Drover.Linux.Tracing;
using Drover.Modules.Tests;

namespace Drover.Linux.Tests;

/// <summary>Constants and structures compared with the C headers of each architecture, by its compiler.</summary>
public sealed class AbiTests
{
    const BindingFlags Statics = BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public;

    const string Includes = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <limits.h>
        #include <linux/magic.h>
        #include <linux/module.h>
        #include <linux/netlink.h>
        #include <linux/perf_event.h>
        #include <malloc.h>
        #include <poll.h>
        #include <regex.h>
        #include <signal.h>
        #include <spawn.h>
        #include <stddef.h>
        #include <sys/epoll.h>
        #include <sys/eventfd.h>
        #include <sys/file.h>
        #include <sys/inotify.h>
        #include <sys/ioctl.h>
        #include <sys/mman.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/statfs.h>
        #include <sys/syscall.h>
        #include <sys/un.h>
        #include <sys/utsname.h>
        #include <syslog.h>
        struct credentials { struct cmsghdr header; struct ucred ucred; };

        """;

    /// <summary>C's name of a structure, of its fields, and ours.</summary>
    static readonly (string Structure, Type Ours, (string Field, string Ours)[] Fields)[] s_structures =
    [
        ("struct statx", typeof(Libc.StatX),
        [
            ("stx_uid", "Uid"), ("stx_mode", "Mode"), ("stx_ino", "Inode"), ("stx_size", "Size"),
            ("stx_ctime.tv_sec", "ChangedSeconds"), ("stx_ctime.tv_nsec", "ChangedNanoseconds"),
            ("stx_mtime.tv_sec", "ModifiedSeconds"), ("stx_mtime.tv_nsec", "ModifiedNanoseconds"),
            ("stx_dev_major", "DeviceMajor"), ("stx_dev_minor", "DeviceMinor"),
        ]),
        ("struct statfs", typeof(Libc.StatFs), [("f_type", "Type")]),
        ("struct pollfd", typeof(Libc.PollEntry), [("fd", "Fd"), ("events", "Events"), ("revents", "Returned")]),
        ("struct sockaddr_nl", typeof(Libc.NetlinkAddress),
            [("nl_family", "Family"), ("nl_pid", "PortId"), ("nl_groups", "Groups")]),
        ("struct sockaddr_un", typeof(Libc.UnixAddress), [("sun_family", "Family"), ("sun_path", "Path")]),
        ("struct iovec", typeof(Libc.IoVector), [("iov_base", "Base"), ("iov_len", "Length")]),
        ("struct mmsghdr", typeof(Libc.MultiMessage),
        [
            ("msg_hdr.msg_name", "Name"), ("msg_hdr.msg_namelen", "NameLength"), ("msg_hdr.msg_iov", "Vectors"),
            ("msg_hdr.msg_iovlen", "VectorCount"), ("msg_hdr.msg_control", "Control"),
            ("msg_hdr.msg_controllen", "ControlLength"), ("msg_hdr.msg_flags", "Flags"), ("msg_len", "Length"),
        ]),
        ("struct credentials", typeof(Libc.Credentials),
        [
            ("header.cmsg_len", "Length"), ("header.cmsg_level", "Level"), ("header.cmsg_type", "Type"),
            ("ucred.pid", "ProcessId"), ("ucred.uid", "UserId"), ("ucred.gid", "GroupId"),
        ]),
        ("struct ucred", typeof(Libc.UserCredentials), [("pid", "ProcessId"), ("uid", "UserId"), ("gid", "GroupId")]),
        ("posix_spawnattr_t", typeof(Libc.SpawnAttributes), []),
        ("sigset_t", typeof(Libc.SignalSet), []),
        ("struct winsize", typeof(Libc.WinSize), [("ws_row", "Rows"), ("ws_col", "Columns")]),
    ];

    [Theory]
    [InlineData(Architecture.X64, "x86_64-linux-gnu-gcc", "gcc")]
    [InlineData(Architecture.Arm64, "aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross")]
    public void Constants_and_structures_equal_those_of_the_C_headers(Architecture architecture, string compiler,
        string packages)
    {
        var facts = Constants().Concat(Of(architecture)).Concat(Structures()).ToList();
        var source = Includes + string.Concat(
            facts.Select(fact => $"_Static_assert({fact.C} == {fact.Value}, \"{fact.C}, not {fact.Value}\");\n"));
        var usable = Tool.Try(compiler, ["-fsyntax-only", "-xc", "-"], "#include <sys/epoll.h>\n"u8.ToArray());
        Assert.SkipUnless(usable.Succeeded, $"{compiler} or its C library is missing: apt-get install {packages}");
        var compiled = Tool.Try(compiler, ["-fsyntax-only", "-xc", "-"], System.Text.Encoding.UTF8.GetBytes(source));
        Assert.True(compiled.Succeeded, compiled.Error);
        Assert.InRange(facts.Count, 200, int.MaxValue);
    }

    [Fact]
    public void Unsupported_architecture_is_named_in_the_exception()
    {
        var thrown = Assert.Throws<PlatformNotSupportedException>(() => Abi.Of(Architecture.S390x));
        Assert.Contains("S390x", thrown.Message, StringComparison.Ordinal);
    }

    /// <summary>Every constant of <see cref="Libc"/> that has a name of C, and every errno.</summary>
    static IEnumerable<(string C, string Value)> Constants() =>
        typeof(Libc).GetFields(Statics).Where(field => field.IsLiteral && !field.Name.Any(char.IsLower))
            .Select(field => (field.Name, Text(field.GetRawConstantValue()!)))
            .Concat(Enum.GetValues<Errno>().Where(errno => errno > Errno.None)
                .Select(errno => (errno.ToString(), Text((int)errno))));

    static IEnumerable<(string C, string Value)> Of(Architecture architecture)
    {
        var abi = Abi.Of(architecture);
        return
        [
            ("SYS_init_module", Text(abi.InitModule)), ("SYS_delete_module", Text(abi.DeleteModule)),
            ("SYS_finit_module", Text(abi.FInitModule)), ("SYS_perf_event_open", Text(abi.PerfEventOpen)),
            ("offsetof(struct perf_event_attr, sample_type)",
                Text(Marshal.OffsetOf<Libc.PerfEventAttributes>(nameof(Libc.PerfEventAttributes.SampleType)))),
            ("PERF_ATTR_SIZE_VER0", Text(Libc.PerfEventAttributes.Bytes)),
            ("offsetof(struct perf_event_mmap_page, data_head)", Text(PerfRing.Head)),
            ("offsetof(struct perf_event_mmap_page, data_tail)", Text(PerfRing.Tail)),
            ("O_DIRECTORY", Text(abi.OpenDirectory)), ("O_NOFOLLOW", Text(abi.OpenNoFollow)),
            ("sizeof(struct epoll_event)", Text(abi.EpollEventBytes)),
            ("offsetof(struct epoll_event, data)", Text(abi.EpollDataOffset)),
            ("sizeof(struct inotify_event)", Text(Libc.InotifyHeaderBytes)),
            ("sizeof(struct utsname)", Text(Libc.UtsTextBytes * Libc.UtsTexts)),
            ("offsetof(struct utsname, release)", Text(Libc.UtsTextBytes * Libc.UtsRelease)),
        ];
    }

    static IEnumerable<(string C, string Value)> Structures() =>
        from structure in s_structures
        from fact in structure.Fields
            .Select(field => ($"offsetof({structure.Structure}, {field.Field})",
                Text(Marshal.OffsetOf(structure.Ours, field.Ours))))
            .Append(($"sizeof({structure.Structure})", Text(Marshal.SizeOf(structure.Ours))))
        select fact;

    static string Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
