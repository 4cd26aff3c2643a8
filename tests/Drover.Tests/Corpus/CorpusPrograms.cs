using System.Diagnostics;
using System.Text.RegularExpressions;
using Drover.Modules.Tests;
using Drover.Tests.Kmod;

namespace Drover.Tests.Corpus;

/// <summary>A program with all tools, and how bash starts it as <c>$t</c> with arguments.</summary>
/// <param name="Name">Of one letter, so that all have paths of one length.</param>
sealed partial record CorpusProgram(string Name, string Start)
{
    /// <summary>What bash says about a child that ended by a signal.</summary>
    [GeneratedRegex(@"^PLACE_*/script: line .*\n", RegexOptions.Multiline, 1000)]
    static partial Regex Killed { get; }

    /// <summary>The end of depmod's temporary names: process, microseconds, seconds.</summary>
    [GeneratedRegex(@"\.\d+\.\d+\.\d{9,}", RegexOptions.None, 1000)]
    static partial Regex Temporary { get; }

    /// <summary>Drover's native binary, as the kmod it is compatible with.</summary>
    public static CorpusProgram Ours => new("d",
        $"""[ $t != modprobe ] || set -- --first-softdep "$@"; exec -a $t {Repository.NativeBinary} "$@" """);

    /// <summary>This machine's kmod; skips the test if it is not version 30.</summary>
    public static CorpusProgram Kmod30()
    {
        const string Program = "/usr/bin/kmod";
        Assert.SkipUnless(File.Exists(Program), "kmod is not installed: apt-get install kmod");
        var version = Tool.Try(Program, ["--version"]).Out;
        Assert.SkipUnless(version.StartsWith("kmod version 30\n", StringComparison.Ordinal),
            "kmod is here, but is not version 30");
        return new("3", $"""exec -a $t {Program} "$@" """);
    }

    /// <summary>Debian 13's kmod 34.2; null with the reason if it is not to be had here.</summary>
    public static async Task<(CorpusProgram? Program, string? Why)> Kmod34Async()
    {
        var (kmod, why) = await UnpackedDebian.Kmod34Async();
        return kmod is null
            ? (null, why)
            : (new("4", $"exec {kmod.Loader} --argv0 $t {kmod.Folder}/usr/bin/kmod \"$@\""), null);
    }

    /// <summary>Runs all lines below a directory that has the roots; several programs may run at once.</summary>
    public IReadOnlyList<CorpusOutcome> Run(string directory, IReadOnlyList<CorpusLine> lines)
    {
        var place = $"{directory}/{Name}";
        Directory.CreateDirectory(place);
        CorpusRoots.Copy($"{directory}/roots", $"{place}/roots");
        Directory.CreateDirectory($"{place}/own");
        Directory.CreateDirectory($"{place}/said");
        var unread = Files($"{place}/roots", place);
        File.WriteAllText($"{place}/script", string.Join('\n',
        [
            "ulimit -c 0 -t 20", $"cd {place}", $"start() {{ t=$1; shift; {Start}; }}", $"V={ModuleRoot.Release}",
            "for tool in modprobe modinfo depmod insmod rmmod lsmod kmod; do",
            "    eval \"$tool() { ( start $tool \\\"\\$@\\\" ); }\"", "done",
            .. lines.Select(Statement),
        ]) + "\n");
        var start = new ProcessStartInfo("/bin/bash")
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["LC_ALL"] = "C";
        // root without the right to load modules: no line may change this machine
        foreach (var word in new[] { "-c", $"exec {WithoutModules} bash {place}/script" })
            start.ArgumentList.Add(word);
        using var bash = Process.Start(start)!;
        bash.StandardInput.Close();
        var error = bash.StandardError.ReadToEnd();
        bash.WaitForExit();
        Assert.True(bash.ExitCode == 0, error);
        Assert.Equal(unread, Files($"{place}/roots", place));
        return [.. lines.Select((line, number) => Outcome(place, line, number))];
    }

    static string WithoutModules =>
        Environment.IsPrivilegedProcess ? "setpriv --bounding-set -sys_module --" : "";

    static string Statement(CorpusLine line, int number)
    {
        var own = $"own/{number}";
        var root = line.Writes ? own : $"roots/{line.Root}";
        var copy = line.Writes ? $"cp -a roots/{line.Root} {own}; " : "";
        return $"{copy}( R=$PWD/{root}; M=$R/lib/modules/$V; {line.Text}\n) >said/{number}.out 2>said/{number}.err "
            + $"</dev/null; echo $? >said/{number}.exit";
    }

    static CorpusOutcome Outcome(string place, CorpusLine line, int number)
    {
        return new(Said("out"), Killed.Replace(Said("err"), ""), int.Parse(Said("exit"), null),
            line.Writes ? Files($"{place}/own/{number}", place) : []);

        string Said(string what) =>
            Text(File.ReadAllBytes($"{place}/said/{number}.{what}"), place);
    }

    /// <summary>Paths and contents of all files that tools write, but the cache of Drover's depmod.</summary>
    static SortedDictionary<string, string> Files(string root, string place)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in Tool.Run("find", [], root, "-type", "f", "-name", "modules.*").Split())
        {
            var name = Path.GetRelativePath(root, path);
            if (!name.EndsWith("modules.drover.bin", StringComparison.Ordinal))
                files[Temporary.Replace(name, ".TEMPORARY")] = Text(File.ReadAllBytes(path), place);
        }
        return files;
    }

    /// <summary>One character a byte. PLACE is as long as the place, because an index has offsets.</summary>
    static string Text(byte[] bytes, string place) => Temporary.Replace(System.Text.Encoding.Latin1.GetString(bytes)
        .Replace(place, "PLACE".PadRight(place.Length, '_'), StringComparison.Ordinal), ".TEMPORARY");
}

file static class Lines
{
    public static IEnumerable<string> Split(this byte[] text) => System.Text.Encoding.UTF8.GetString(text)
        .Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal);
}

/// <summary>What a line did; one character a byte, with PLACE for the program's directory.</summary>
sealed record CorpusOutcome(string Out, string Error, int Exit, SortedDictionary<string, string> Files)
{
    /// <summary>The parts by name: out, err, exit, and each file.</summary>
    public IEnumerable<KeyValuePair<string, string>> Parts =>
    [
        new("exit", $"{Exit}"), new("out", Out), new("err", Error), .. Files,
    ];
}
