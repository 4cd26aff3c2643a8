using System.Text;
using Drover.Tests.Kmod;
using Drover.Tests.Packaging;

namespace Drover.Tests.Faults;

/// <summary>The native programs while calls of the C library fail, one after another, with each errno that they can
/// have: every run ends with a status and, if that is not 0, a message. In a mount namespace with generated modules,
/// and a kernel that loads each of them (<c>faults.c</c>).</summary>
public sealed class FaultTests : IDisposable
{
    /// <summary>Starts a daemon and waits for its socket; <c>$1</c> is what fails in it.</summary>
    const string StartDaemon = """
        start() {
            rm -f /run/drover/io.drover.Loader
            FAULT=$1 LD_PRELOAD=$PWD/faults.so env --default-signal=INT,HUP DROVER daemon >daemon.txt 2>&1 & pid=$!
            until [ -S /run/drover/io.drover.Loader ] || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
        }
        stop() { kill -${1:-TERM} $pid 2>/dev/null; wait $pid; }

        """;

    readonly string _directory = Directory.CreateTempSubdirectory("drover-faults-").FullName;
    readonly ModuleRoot _root = new ModuleRoot()
        .Write("kernel/base.ko", new TestModule { Exports = ["s"] })
        .Write("kernel/mid.ko", new TestModule { Needs = ["s"], Info = ["alias=drover-test"] })
        .Write("kernel/top.ko", new TestModule { Info = ["alias=drover-test", "softdep=pre: mid"] })
        .Index();

    public FaultTests()
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root may mount another /lib/modules");
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        Compile("-shared", "-fPIC", "-o", $"{_directory}/faults.so", Source("faults.c"), "-ldl");
        Compile("-O1", "-o", $"{_directory}/inject", Source("inject.c"));
        File.Copy($"{_root.Directory}/kernel/top.ko", $"{_directory}/top.ko");
    }

    public void Dispose()
    {
        _root.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void Each_command_ends_with_a_message_whichever_call_fails() => Inject(
        """
        DROVER resolve mid fs-nonesuch
        DROVER load -n top mid
        DROVER load top mid
        DROVER load --verbose top
        DROVER coldplug --dry-run --sys SYS
        DROVER modules-load
        DROVER modprobe -n -v top
        DROVER modprobe top
        DROVER modprobe -a mid base
        DROVER modprobe -D top
        DROVER modprobe -R drover-test
        DROVER modprobe -c
        DROVER modprobe -r top
        DROVER insmod top.ko
        DROVER rmmod mid
        DROVER lsmod
        DROVER modinfo top
        DROVER modinfo top.ko
        DROVER depmod -n
        files old/lib/modules/x workPART/lib/modules/x: DROVER depmod -b workPART x
        DROVER status
        DROVER settle -t 1
        """);

    [Fact]
    public void Each_command_of_the_study_program_ends_with_a_message_whichever_call_fails() => Inject(
        """
        DROVER timeline
        DROVER herd --cpus 2 --gate none --herd udev
        DROVER scenario --sys SYS
        """);

    [Fact]
    public void Each_client_of_the_daemon_ends_with_a_message_whichever_call_fails() => Inject(
        """
        DROVER status
        DROVER settle -t 1
        DROVER load mid
        DROVER modprobe top
        """, StartDaemon, "start", "stop");

    /// <summary>A daemon that starts settles and answers; it ends at SIGTERM.</summary>
    [Fact]
    public void Daemon_serves_or_ends_with_a_message_whichever_call_fails() => Inject(
        "script: unshare -m bash daemon", """
        cat >daemon <<'END'
        for directory in /run/drover /sys/devices /sys/bus /sys/class; do mount -t tmpfs none $directory; done
        mkdir -p /sys/devices/d /sys/bus/pci/devices
        echo MODALIAS=drover-test >/sys/devices/d/uevent
        ln -s ../../../devices/d /sys/bus/pci/devices/d
        LD_PRELOAD=$FAULT_LIBRARY DROVER daemon & pid=$!
        until [ -S /run/drover/io.drover.Loader ] || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
        DROVER settle -t 20 || kill -0 $pid 2>/dev/null && DROVER load base
        kill -TERM $pid; wait $pid
        # a daemon that is ending by itself, with its message, meets the signal outside its loop
        status=$?; [ $status != 130 ] || status=1; exit $status
        END

        """);

    [Theory]
    [InlineData("pthread_create:1:11", "status")]
    [InlineData("pthread_create:1:11", "modprobe top")]
    [InlineData("pthread_create:2+:11", "load top")]
    [InlineData("pthread_create:2+:11", "daemon")]
    [InlineData("pthread_create:2+:11", "settle")]
    [InlineData("pthread_create:3+:11", "daemon")]
    [InlineData("pthread_create:3+:11", "load top")]
    public void Command_without_a_thread_says_so(string fault, string command)
    {
        var run = Run("", $"FAULT={fault} LD_PRELOAD=$PWD/faults.so timeout 60 DROVER {command}")[0];
        Assert.Equal(1, run.Exit);
        Assert.Matches("^((drover|modprobe): .*thread.*\n)+$", run.Error);
    }

    /// <summary>An old kernel, or a seccomp filter that has no such call: the image is read here.</summary>
    [Theory]
    [InlineData("load top")]
    [InlineData("modprobe top")]
    [InlineData("insmod top.ko", "p=1")]
    [InlineData("insmod top.ko.xz", "p=1")]
    public void Kernel_without_finit_module_is_given_the_image(string command, string parameters = "")
    {
        var run = Run(
            "xz -k top.ko\n",
            $"NO_FINIT_MODULE=$PWD/image LD_PRELOAD=$PWD/faults.so DROVER {command} {parameters}")[0];
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Equal(
            [.. File.ReadAllBytes($"{_directory}/top.ko"), .. Encoding.ASCII.GetBytes(parameters)],
            File.ReadAllBytes($"{_directory}/image"));
    }

    /// <summary>From the moment at which the daemon serves, no thread can be made.</summary>
    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public void Daemon_without_threads_answers_every_request_and_every_signal(string signal)
    {
        var run = Run(
            StartDaemon,
            $$"""
            FAULT_COUNT=$PWD/count start; stop; threads=$(sed -n 's/pthread_create //p' count)
            start pthread_create:$((threads + 1))+:11
            for i in 1 2 3; do timeout 100 DROVER load top 2>&1; done
            DROVER status --once >status.txt; echo "status $?"
            kill -HUP $pid; until DROVER status --json | grep -q '"reloads": *1' || ! kill -0 $pid; do sleep 0.01; done
            stop {{signal}}; echo "end $?"
            """.ReplaceLineEndings("; "))[0];
        // a thread of the start may be idle
        const string Answer = "(drover: top: finit_module: .*EAGAIN.*thread.*|top: (already )?loaded)\n";
        Assert.Matches($"^({Answer}){{3}}status 0\nend 0\n$", run.Out);
    }

    /// <summary>It waits for another process's lock, and no further thread can be made.</summary>
    [Theory]
    [InlineData("TERM", 130, "drover: .*\n")]
    [InlineData("INT", 130, "drover: .*\n")]
    [InlineData("HUP", 128 + 1, ".*: line .* Hangup .*\n")]
    public void Load_without_threads_ends_at_a_signal(string signal, int exit, string message)
    {
        var run = Run(
            """
            start() {
                LD_PRELOAD=$PWD/faults.so env --default-signal=INT,HUP DROVER load mid 9>&- & pid=$!; tries=0
                until grep -q "FLOCK.* -> \|-> FLOCK" /proc/locks || [ $((tries += 1)) = 6000 ]; do sleep 0.01; done
            }
            mkdir -p -m 700 /run/drover/locks

            """,
            $$"""
            exec 9>/run/drover/locks/base; flock 9;
            export FAULT_COUNT=$PWD/count; start 2>first; kill -TERM $pid; wait $pid 2>first;
            export FAULT=pthread_create:$(($(sed -n 's/pthread_create //p' count) + 1))+:11;
            start; kill -{{signal}} $pid; wait $pid
            """.ReplaceLineEndings(" "))[0];
        Assert.Equal((exit, ""), (run.Exit, run.Out));
        Assert.Matches($"^{message}$", run.Error);
    }

    /// <summary>Another process holds the module's lock, and no thread can be made to wait for it.</summary>
    [Fact]
    public void Load_waits_for_a_lock_whichever_thread_cannot_be_made() => Assert.All(
        Run(
            "",
            [.. Enumerable.Range(2, 4).Select(call => $"""
                mkdir -p -m 700 /run/drover/locks; exec 9>/run/drover/locks/base; flock 9;
                FAULT=pthread_create:{call}:11 LD_PRELOAD=$PWD/faults.so timeout 60 DROVER load mid 9>&- & pid=$!;
                until grep -q "FLOCK.* -> \|-> FLOCK" /proc/locks || ! kill -0 $pid 2>/dev/null; do
                sleep 0.01; [ $((tries += 1)) -lt 100 ] || break; done; exec 9>&-; wait $pid
                """.ReplaceLineEndings(" "))]),
        run => Assert.Equal((0, "mid: loaded\n", ""), (run.Exit, run.Out, run.Error)));

    /// <summary>Runs commands with each fault, on two processors.</summary>
    /// <param name="commands">As <c>inject.c</c> reads them; DROVER, SYS and PART are replaced.</param>
    void Inject(string commands, string preparation = "", string before = "true", string after = "true")
    {
        File.WriteAllText($"{_directory}/commands", Replace(commands) + "\n");
        var run = Run(
            preparation + """
            mkdir -p old/lib/modules; cp -a /lib/modules/$(uname -r)/. old/lib/modules/x
            for name in dep alias symbols softdep builtin devname; do echo old >old/lib/modules/x/modules.$name; done
            for part in 0 1; do sed "s/PART/$part/g" commands >commands$part; mkdir -p work$part/lib/modules; done

            """,
            $"{before}; for part in 0 1; do " +
            "./inject $PWD/faults.so $part 2 <commands$part >out$part & parts+=($!); done; " +
            $"wait ${{parts[@]}}; cat out0 out1; {after}")[0];
        var totals = run.Out.Split('\n').Where(line => line.EndsWith(" bad", StringComparison.Ordinal)).ToList();
        Console.WriteLine($"{TestContext.Current.TestMethod!.MethodName}: {string.Join("; ", totals)}");
        Assert.False(run.Out.Contains("BAD", StringComparison.Ordinal), run.Out);
        Assert.Equal(2, totals.Count(line => line.EndsWith(" runs, 0 bad", StringComparison.Ordinal)));
        Assert.Equal("", run.Error);
    }

    ToolRun[] Run(string preparation, params string[] lines) => NamespaceScript.Run(
        _directory,
        Replace($$"""
            mkdir -p /run/drover /lib/modules
            mount -t tmpfs none /run/drover
            mount -t tmpfs none /lib/modules
            cp -a {{_root.Directory}} /lib/modules/$(uname -r)
            {{preparation}}

            """),
        [.. lines.Select(Replace)]);

    static string Replace(string text) => text
        .Replace("DROVER", Repository.NativeBinary, StringComparison.Ordinal)
        .Replace("SYS", CommandLineRun.Sys, StringComparison.Ordinal);

    static string Source(string name) => Path.Combine(Repository.Root, "tests/Drover.Tests/Faults", name);

    static void Compile(params string[] arguments)
    {
        var compiled = PackagingTests.Run("gcc", ["-Wall", .. arguments]);
        Assert.True(compiled.Exit == 0, compiled.Output);
    }
}
