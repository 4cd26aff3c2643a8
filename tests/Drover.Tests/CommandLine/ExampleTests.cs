using System.Diagnostics;
using System.Formats.Tar;
using Drover.CommandLine;
using Drover.Tests.Install;

namespace Drover.Tests.CommandLine;

/// <summary>Every example of every help text, and so of the manual page, works: read by a shell, then run on the
/// machine of the fixtures. What needs root or a daemon is planned (--dry-run), or its command line is read
/// only.</summary>
public sealed class ExampleTests : IDisposable
{
    readonly RecordableRoot _root = new("drover-examples-");
    readonly TestRoot _system = TestRoot.WithSystemd();

    static IEnumerable<Verb> Verbs => Program.Verbs.Concat(Study.Program.Verbs);

    public static TheoryData<string> Commands =>
        new(Verbs.SelectMany(verb => verb.Examples).Select(example => example.Command));

    public void Dispose()
    {
        _root.Dispose();
        _system.Dispose();
    }

    [Fact]
    public void Every_verb_has_an_example_of_itself() => Assert.All(Verbs, verb => Assert.All(
        verb.Examples, example => Assert.Matches($"^(sudo )?drover {verb.Name}( |$)", example.Command)));

    [Theory]
    [MemberData(nameof(Commands))]
    public void Example_works(string command)
    {
        var words = WordsOf(command);
        var verb = Verbs.First(verb => verb.Name == words[0]);
        _ = Arguments.Parse(words.AsSpan(1), verb.Options);
        string[]? more = verb.Name switch
        {
            "coldplug" => ["--dry-run", .. Missing("--root", _root.Path), .. Missing("--sys", CommandLineRun.Sys)],
            "load" or "modules-load" => ["--dry-run", .. Missing("--root", _root.Path)],
            "resolve" => [.. Missing("--root", _root.Path)],
            "install" or "uninstall" => [.. Missing("--root", _system.Path)],
            "scenario" when words.Contains("--from") => [],
            "audit" when words.Contains("--scenario") => [],
            "audit" when words.Contains("--tar") => ["--release", "6.1.0-test", "--memory", "1G"],
            "audit" when words.Contains("--initramfs") =>
                ["--root", _root.Path, "--sys", CommandLineRun.Sys],
            "audit" or "scenario" =>
            [
                .. Missing("--root", _root.Path), .. Missing("--sys", CommandLineRun.Sys), .. Missing("--memory", "1G"),
            ],
            "boot" when words.Contains("--recording") => [],
            "herd" or "report" => [],
            _ => null, // a daemon or its client, or tracing
        };
        if (more is null)
            return;
        var run = CommandLineRun.Run([.. words.Select(word => Here(word, verb)), .. more]);
        Assert.True(run.Exit == 0, $"{command}: {run}");
        Assert.True(run.Out.Length > 0 || words.Contains("--html"), $"{command}: no output");

        string[] Missing(string option, string value) => words.Contains(option) ? [] : [option, value];
    }

    /// <summary>The words after <c>drover</c>, as a shell reads them; the devices are the fixtures'.</summary>
    static string[] WordsOf(string command)
    {
        const string Shell = """
            sudo() { "$@"; }
            drover() { printf '%s\0' "$@" >&3; }
            cat() {
                case $1 in
                    */cpu/modalias) echo cpu:type:x86,ven0000fam0006mod0055:feature:,0000,0001,00E8,0120 ;;
                    *) echo pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00 ;;
                esac
            }
            """;
        var directory = Directory.CreateTempSubdirectory("drover-shell-").FullName;
        try
        {
            using var shell = Process.Start(new ProcessStartInfo(
                "bash", ["-c", $"{Shell}\n( {command}\n) 3>words >/dev/null"])
            {
                WorkingDirectory = directory,
            })!;
            shell.WaitForExit();
            Assert.Equal(0, shell.ExitCode);
            return File.ReadAllText($"{directory}/words").TrimEnd('\0').Split('\0');
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>What stands for a word of an example here: a file with such contents, a smaller number.</summary>
    string Here(string word, Verb verb)
    {
        var file = _root.Make($"files/{Path.GetFileName(word)}");
        switch (word)
        {
            case "/mnt":
                return verb.Name == "install" ? _system.Path : _root.Path;
            case "/tmp/copy-of-sys":
                return CommandLineRun.Sys;
            // those are not in the fixtures' module tree
            case "loop" or "dm-crypt" or "btrfs":
                return "t_btrfs";
            case "100000":
                return "20";
            case "cpus=1..4096":
                return "cpus=1..2";
            case "4096":
                return "8";
            case "running":
                // an archive of nothing but its end
                File.WriteAllText(
                    _root.Make("boot/initrd.img-6.1.0-test"),
                    $"070701{new string('0', 88)}0000000B{new string('0', 8)}TRAILER!!!\0\0\0\0");
                return word;
            case "./virt.conf":
                File.WriteAllText(file, "t_btrfs\n");
                return file;
            case "sosreport.tar.xz":
                TarFile.CreateFromDirectory(CommandLineRun.Sys, file, includeBaseDirectory: true);
                return file;
            case "machine.json":
                var recorded = CommandLineRun.Run(
                    "scenario", "-r", _root.Path, "--sys", CommandLineRun.Sys, "--memory", "1G", "-o", file);
                Assert.Equal(0, recorded.Exit);
                return file;
            case "herd.json":
                var swept = CommandLineRun.Run("herd", "--sweep", "cpus=1..2", "--json");
                File.WriteAllText(file, swept.Out);
                return file;
            case "units.txt":
                File.WriteAllText(file, "UserspaceTimestampMonotonic=7\n\nId=a.mount\n");
                return file;
            case "calls.jsonl" or "boot.jsonl" or "/run/drover/boot.jsonl":
                File.WriteAllText(file, """
                    {"type":"watch","version":1,"kernel":"6.1.0-test","cpus":4,"startUs":0,"sinceBoot":true,
                     "degraded":[]}
                    {"type":"call","startUs":5,"tookUs":9,"syscall":"finit_module","module":"t_btrfs",
                     "namedBy":"module","result":"0","waited":false,"readBytes":5,"wastedBytes":0,"comm":"modprobe",
                     "pid":1,"tid":1,"device":null}
                    {"type":"totals"}

                    """);
                return file;
            case "run.json" or "udev.json" or "drover.json":
                File.WriteAllText(file, """
                    {"loader": "udev", "cpus": 4, "wastedBytes": 0, "loaderStartSeconds": 1, "coldplugSeconds": 2,
                     "tracedCalls": [{"syscall": "finit_module", "module": "t_acpi_cpufreq", "result": "ENODEV",
                     "startSeconds": 1, "seconds": 0.1, "tid": 1}]}
                    """);
                return file;
            default:
                return Path.GetExtension(word) is ".html" or ".json" ? file : word;
        }
    }
}
