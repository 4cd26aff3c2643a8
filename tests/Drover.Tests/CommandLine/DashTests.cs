using System.Formats.Tar;

namespace Drover.Tests.CommandLine;

/// <summary>A dash is standard input or output wherever a command line names a file.</summary>
public sealed class DashTests : IDisposable
{
    /// <summary>Each reads FILE, or standard input in its place, with equal results.</summary>
    static readonly string[] s_readers =
    [
        "report FILE calls", "boot --recording FILE calls", "boot --systemd FILE units",
        "audit --boot FILE --root ROOT --sys SYS --memory 1G calls", "audit --scenario FILE machine",
        "audit --tar FILE --root ROOT --release 6.1.0-test --memory 1G sys",
        "audit --initramfs FILE --root ROOT --sys SYS image", "herd --scenario FILE --cpus 2 machine",
        "scenario --from FILE --name x machine", "scenario --timings FILE --from debian13 run",
        "policy check FILE --root ROOT --sys SYS calls", "modules-load --dry-run FILE --root ROOT names",
    ];

    /// <summary>Each writes FILE; with a dash that goes to standard output.</summary>
    static readonly string[] s_writers =
    [
        "report calls --html FILE", "boot --recording calls --html FILE", "boot --recording calls --trace FILE",
        "herd --cpus 2 --html FILE", "scenario --root ROOT --sys SYS --memory 1G --output FILE",
        "policy learn --root ROOT --sys SYS --output FILE", "audit --scenario debian13 --metrics FILE",
        "status --socket none --metrics FILE",
    ];

    /// <summary>They need systemd or a daemon, or are files that another program reads again and again.</summary>
    static readonly string[] s_others = ["boot --save", "timeline --html", "daemon --metrics"];

    readonly RecordableRoot _root = new("drover-dash-");

    public static TheoryData<string> Readers => [.. s_readers];

    public static TheoryData<string> Writers => [.. s_writers];

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Every_option_of_a_file_is_tested()
    {
        var options = Program.Verbs.Concat(Study.Program.Verbs).SelectMany(verb => verb.Options
            .Where(option => option.Value == "FILE").Select(option => $"{verb.Name} --{option.Name}"));
        var tested = s_readers.Concat(s_writers).Concat(s_others).Select(command => command.Split(' ')).Select(words =>
            string.Join(' ', words[0], Array.FindLast(words[..Math.Max(1, Array.IndexOf(words, "FILE"))], IsOption)
                ?? words[^1]));
        Assert.Empty(options.Except(tested));

        static bool IsOption(string word) => word.StartsWith("--", StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void Dash_is_standard_input(string command)
    {
        Prepare();
        const string Given = "./given.file";
        var line = command[..command.LastIndexOf(' ')];
        File.Move($"{_root.Path}/{command[(line.Length + 1)..]}", $"{_root.Path}/{Given}");
        var expected = Run(line.Replace("FILE", Given, StringComparison.Ordinal));
        Assert.InRange(expected.Exit, 0, 1);
        Assert.NotEqual("", expected.Output);
        var dash = line.Replace("FILE", "-", StringComparison.Ordinal);
        foreach (var run in new[] { Run($"{dash} <{Given}"), Run(dash, $"cat {Given} | drover") })
            Assert.Equal((expected.Exit, Nameless(expected.Output)), (run.Exit, Nameless(run.Output)));

        // a recording is named by its file; columns are as wide as their widest cell
        static string Nameless(string text) => new[] { "standard input", "/dev/stdin", Given, "given", " ", "─" }
            .Aggregate(text, (text, name) => text.Replace(name, "", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Writers))]
    public void Dash_is_standard_output_and_a_device_is_written_not_replaced(string command)
    {
        Prepare();
        var file = Run(command.Replace("FILE", "written", StringComparison.Ordinal));
        Assert.Equal(0, file.Exit);
        var written = File.ReadAllText($"{_root.Path}/written");
        Assert.Equal((0, written, ""), Run(command.Replace("FILE", "-", StringComparison.Ordinal)));
        var intoPipe = command.Replace("FILE", "pipe", StringComparison.Ordinal);
        var piped = Run($"{intoPipe} >/dev/null & cat pipe; wait; find pipe -type p", "mkfifo pipe; drover");
        Assert.Equal($"{written}pipe\n", piped.Output);
        var full = Run(command.Replace("FILE", "/dev/full", StringComparison.Ordinal));
        Assert.Equal(1, full.Exit);
        Assert.Matches("^drover: (/dev/full|--metrics): No space left on device( : '/dev/full')?\n$", full.Error);
    }

    /// <summary>.NET would write a file whose name has U+FFFD in place of the byte.</summary>
    [Theory]
    [MemberData(nameof(Writers))]
    public void An_output_whose_name_is_not_UTF8_is_written_or_refused_and_no_other_is_written(string command)
    {
        Prepare();
        var usual = Run(command.Replace("FILE", "-", StringComparison.Ordinal)).Output;
        var odd = command.Replace("FILE", "$'odd\\xff'", StringComparison.Ordinal);
        var run = Run($"{odd} >/dev/null 2>err; s=$?; cat err >&2; cat $'odd\\xff'; rm -f $'odd\\xff'; ls | grep odd");
        if (command.Contains("--metrics", StringComparison.Ordinal))
            Assert.Contains("needs the name of a file, in UTF-8", run.Error, StringComparison.Ordinal);
        else
            Assert.Equal(usual, run.Output);
        Assert.Equal(1, run.Exit); // of grep
    }

    [Theory]
    [InlineData("boot --recording - --systemd -", "boot: --recording and --systemd both read standard input, which can "
        + "be read once")]
    [InlineData("report - -", "report: - and - both read standard input, which can be read once")]
    [InlineData("herd --html - --json", "herd: --html and --json both write to standard output")]
    [InlineData("herd --html - --csv", "herd: --html and --csv both write to standard output")]
    [InlineData("herd --html - --trace", "herd: --html and --trace both write to standard output")]
    [InlineData("policy check --output x", "policy: --output is of learn, export and import, not of check")]
    [InlineData("policy learn --json", "policy: --json is of check, not of learn")]
    public void Streams_are_used_once_and_an_option_is_not_ignored(string command, string message)
    {
        var run = CommandLineRun.Run(command.Split(' '));
        Assert.Equal((2, $"drover: {message}. Try 'drover {command.Split(' ')[0]} --help'.\n"), (run.Exit, run.Error));
    }

    [Fact]
    public void Directory_as_standard_input_is_named() =>
        Assert.Equal((1, "", "drover: standard input: is a directory\n"), Run("report - <."));

    (int Exit, string Output, string Error) Run(string command, string drover = "drover") => NativeShell.Run(
        $"{drover} {command}".Replace("ROOT", _root.Path, StringComparison.Ordinal)
            .Replace("SYS", CommandLineRun.Sys, StringComparison.Ordinal),
        _root.Path);

    /// <summary>The files that the commands read.</summary>
    void Prepare()
    {
        File.WriteAllText($"{_root.Path}/calls", """
            {"type":"watch","version":1,"kernel":"6.1.0-test","cpus":4,"startUs":0,"sinceBoot":true,"degraded":[]}
            {"type":"call","startUs":1000,"tookUs":2000,"syscall":"finit_module","module":"t_btrfs",
            "namedBy":"module","result":"0","waited":false,"readBytes":100,"wastedBytes":0,"comm":"(udev-worker)",
            "pid":1,"tid":1,"device":"/devices/x"}
            {"type":"totals"}

            """);
        File.WriteAllText($"{_root.Path}/units", """
            UserspaceTimestampMonotonic=3000000
            FinishTimestampMonotonic=8000000

            Id=a.service
            InactiveExitTimestampMonotonic=3100000
            ActiveEnterTimestampMonotonic=3200000

            """);
        File.WriteAllText($"{_root.Path}/names", "t_btrfs\n");
        File.WriteAllText($"{_root.Path}/run", """
            {"tracedCalls": [{"syscall": "finit_module", "module": "t_btrfs", "result": "0",
              "startSeconds": 1, "seconds": 0.1}]}
            """);
        var recorded = CommandLineRun.Run(
            "scenario", "--root", _root.Path, "--sys", CommandLineRun.Sys, "--memory", "1G", "-o",
            $"{_root.Path}/machine");
        Assert.Equal(0, recorded.Exit);
        using (var tar = new TarWriter(File.Create($"{_root.Path}/sys")))
        {
            foreach (var uevent in Directory.GetFiles(CommandLineRun.Sys, "uevent", SearchOption.AllDirectories))
                tar.WriteEntry(uevent, $"sys/{Path.GetRelativePath(CommandLineRun.Sys, uevent)}");
        }
        File.WriteAllText($"{_root.Path}/image", Entry("etc/x", "text") + Entry("TRAILER!!!", ""));
    }

    /// <summary>Of a cpio archive (newc): a file.</summary>
    static string Entry(string name, string text)
    {
        int[] fields = [1, 0x81A4, 0, 0, 1, 0, text.Length, 0, 0, 0, 0, name.Length + 1, 0];
        var entry = $"070701{string.Concat(fields.Select(field => $"{field:X8}"))}{name}\0";
        return Padded(Padded(entry) + text);

        static string Padded(string text) => text.PadRight((text.Length + 3) & ~3, '\0');
    }
}
