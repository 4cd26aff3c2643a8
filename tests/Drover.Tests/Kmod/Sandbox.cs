using System.Net.Sockets;
using System.Text;
using Drover.Text;

namespace Drover.Tests.Kmod;

/// <summary>The tools of kmod and of Drover on a machine with a generated /sys/module, /proc/cmdline and /dev/log, in a
/// mount namespace. Only root can create one; the test is skipped otherwise.</summary>
sealed class Sandbox : IDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("drover-sandbox-").FullName;

    public Sandbox()
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root may mount another /sys/module");
        Assert.SkipUnless(File.Exists("/usr/sbin/modprobe"), "kmod is not installed: apt-get install kmod");
        foreach (var directory in new[] { "sys", "kmod", "drover", "dev" })
            Directory.CreateDirectory($"{_directory}/{directory}");
        File.CreateSymbolicLink($"{_directory}/drover/drover", $"{AppContext.BaseDirectory}drover");
        foreach (var tool in new[] { "modprobe", "rmmod", "insmod", "depmod", "modinfo" })
        {
            File.CreateSymbolicLink($"{_directory}/kmod/{tool}", $"/usr/sbin/{tool}");
            // the program under the name of the tool, like an installed link
            File.WriteAllText(
                $"{_directory}/drover/{tool}",
                $"#!/bin/bash\nexec {AppContext.BaseDirectory}drover {tool} " +
                $"{(tool == "modprobe" ? "--first-softdep" : "")} \"$@\"\n");
        }
    }

    /// <summary>The kernel command line; null for that of this machine.</summary>
    public string? CommandLine { get; init; }

    /// <summary>A module in the kernel.</summary>
    /// <param name="name">Normalised.</param>
    /// <param name="state">The content of initstate; null for none, as of a built-in module.</param>
    /// <param name="references">The content of refcnt; null where modules cannot be unloaded.</param>
    /// <param name="holders">The modules that use it; null for no directory.</param>
    public Sandbox Add(string name, string? state = "live", int? references = 0, string? holders = "")
    {
        var module = Directory.CreateDirectory($"{_directory}/sys/{name}").FullName;
        if (state is not null)
            File.WriteAllText($"{module}/initstate", state + "\n");
        if (references is not null)
            File.WriteAllText($"{module}/refcnt", $"{references}\n");
        foreach (var holder in holders?.Split(' ') ?? [])
            Directory.CreateDirectory($"{module}/holders/{holder}");
        return this;
    }

    /// <summary>Writes a file that the lines find in their directory.</summary>
    public void Write(string name, byte[] content) => File.WriteAllBytes($"{_directory}/{name}", content);

    /// <summary>Each shell line has the same effect and output with kmod and with Drover.</summary>
    public void ShouldBeAlike(params string[] lines)
    {
        var (kmods, ours) = (Run("kmod", lines), Run("drover", lines));
        for (var i = 0; i < lines.Length; i++)
            Assert.True(kmods[i] == ours[i], $"{lines[i]}\n--- kmod: {kmods[i]}\n--- drover: {ours[i]}");
    }

    /// <summary>Runs each line.</summary>
    /// <param name="who"><c>kmod</c> or <c>drover</c>.</param>
    /// <param name="lines">Shell lines.</param>
    public ToolRun[] Run(string who, string[] lines)
    {
        var preparation = new StringBuilder("chmod +x drover/*\nmount --bind sys /sys/module\n");
        if (CommandLine is { } commandLine)
        {
            File.WriteAllBytes($"{_directory}/cmdline", ByteText.BytesOf(commandLine + "\n"));
            preparation.Append("mount --bind cmdline /proc/cmdline\n");
        }
        preparation.Append(
            "mount -t tmpfs dev dev; cp -a /dev/null /dev/zero /dev/urandom /dev/random dev/; ln -s $PWD/log " +
            "dev/log; mount --bind dev /dev\n");
        preparation.Append($"export PATH={_directory}/{who}:$PATH LC_ALL=C\n");
        return [.. NamespaceScript.Run(_directory, preparation.ToString(), lines)
            .Select(run => run with { Out = Local(run.Out), Error = KmodBeside.WithoutPlaces(Local(run.Error)) })];
    }

    /// <summary>Runs one line and returns its messages to syslog.</summary>
    public string[] Logged(string who, string line)
    {
        var path = $"{_directory}/log";
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        Run(who, [line]);
        var messages = new List<string>();
        var buffer = new byte[8192];
        while (socket.Available > 0)
            messages.Add(ByteText.Of(buffer.AsSpan(0, socket.Receive(buffer))).TrimEnd('\n', '\0'));
        File.Delete(path);
        return [.. messages];
    }

    public void Dispose() => ModuleRoot.Delete(_directory);

    /// <summary>Without the directory.</summary>
    string Local(string text) => text.Replace($"{_directory}/", "", StringComparison.Ordinal);
}
