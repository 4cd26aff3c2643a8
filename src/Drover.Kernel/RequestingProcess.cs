namespace Drover.Kernel;

/// <summary>The process that made a request, as the kernel reports it; for a request of the kernel's own, the process
/// in which the kernel asked.</summary>
/// <param name="ProcessId">0 where it is not known.</param>
public sealed record RequestingProcess(int ProcessId)
{
    /// <summary>The name of the thread that asked, at most 15 bytes (proc(5): comm); null where it is not
    /// known.</summary>
    public string? Comm { get; init; }

    /// <summary>Its effective user; null where it is not known.</summary>
    public uint? UserId { get; init; }

    /// <summary>Its systemd unit, or else its control group; null where it is not known.</summary>
    public string? Unit { get => field ?? UnitOf(Cgroup); init; }

    /// <summary>Its control group; null where it is not known.</summary>
    public string? Cgroup { get; init; }

    /// <summary>The kernel asked (request_module), while it served this process.</summary>
    public bool IsKernel { get; init; }

    /// <summary>In a message: <c>modprobe (pid 12)</c>, <c>the kernel, for mount (pid 12)</c>.</summary>
    /// <param name="program">What the client calls itself; null for its own name.</param>
    public string Describe(string? program = null)
    {
        if (IsKernel)
            return ProcessId == 0 ? "the kernel" : $"the kernel, for {Comm ?? "a process"} (pid {ProcessId})";
        var name = string.IsNullOrEmpty(program) ? Comm : program;
        return name is null ? $"pid {ProcessId}" : $"{name} (pid {ProcessId})";
    }

    /// <summary>The unit of a control group: its last part that is no slice and has a unit's suffix, else all of it
    /// (systemd.unit(5); a session's scope, a user's service and a container's scope are units).</summary>
    public static string? UnitOf(string? cgroup)
    {
        if (cgroup is null or "" or "/")
            return null;
        var parts = cgroup.Split('/');
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            if (Array.Exists(s_unitSuffixes, suffix => parts[i].EndsWith(suffix, StringComparison.Ordinal)))
                return parts[i];
        }
        return cgroup;
    }

    static readonly string[] s_unitSuffixes = [".service", ".scope", ".mount", ".socket", ".swap"];
}

/// <summary>The kinds of the kernel's own requests, by the names that it asks for.</summary>
public static class Autoload
{
    /// <summary>The formats of the calls of request_module; the first prefix counts.</summary>
    static readonly (string Prefix, string Kind)[] s_kinds =
    [
        ("fs-", "file system"), // fs/filesystems.c
        ("net-pf-", "socket protocol"), // net/socket.c, net/netlink
        ("netdev-", "network interface"), // net/core/dev_ioctl.c
        ("rtnl-link-", "network link type"), // net/core/rtnetlink.c
        ("char-major-", "character device"), // fs/char_dev.c
        ("block-major-", "block device"), // block/bdev.c
        ("crypto-", "crypto algorithm"), // crypto/api.c
        ("binfmt-", "program format"), // fs/exec.c
        ("tty-ldisc-", "line discipline"), // drivers/tty/tty_ldisc.c
        ("net-sch-", "packet scheduler"), ("net-cls-", "packet classifier"), ("net-act-", "packet action"),
        ("sch_", "packet scheduler"), ("cls_", "packet classifier"), ("act_", "packet action"), // before 6.9
        ("nft-", "packet filter"), ("nfnetlink-", "packet filter"), ("ip_set_", "packet filter"),
        ("ipt_", "packet filter"), ("ip6t_", "packet filter"), ("xt_", "packet filter"), ("nf_", "packet filter"),
        ("tcp_", "congestion control"), // net/ipv4/tcp_cong.c
        ("dm-", "device-mapper target"), ("md-", "RAID level"),
        ("snd-", "sound device"), ("sound-", "sound device"),
        ("nls_", "character set"), ("key-type-", "key type"),
    ];

    /// <summary>The kind of a request by its name.</summary>
    public static string KindOf(string name)
    {
        foreach (var (prefix, kind) in s_kinds)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                return kind;
        }
        return name.Contains(':', StringComparison.Ordinal) ? "device" : "module by name";
    }
}
