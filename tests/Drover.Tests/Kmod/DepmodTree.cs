using System.Text;
using System.Text.RegularExpressions;
using Drover.CommandLine;
using Drover.Kmod;
using Drover.Modules.Tests;

namespace Drover.Tests.Kmod;

/// <summary>A temporary root with a module directory of release 1.0-test, for the depmod of kmod and that of Drover;
/// deleted after the test.</summary>
sealed class DepmodTree : IDisposable
{
    static readonly string[] Outputs =
    [
        "modules.dep", "modules.dep.bin", "modules.alias", "modules.alias.bin", "modules.softdep", "modules.symbols",
            "modules.symbols.bin", "modules.builtin.bin",
        "modules.builtin.alias.bin", "modules.devname",
    ];

    readonly string _release;
    readonly ModuleRoot _root;

    public DepmodTree(string release = ModuleRoot.Release) => (_release, _root) = (release, new ModuleRoot(release));

    public string Root => _root.Path;

    public string Directory => _root.Directory;

    public string Write(string path, TestModule module) => Write(path, module.ToBytes());

    public string Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    /// <param name="path">Below the module directory, or absolute.</param>
    /// <param name="content">Its bytes.</param>
    public string Write(string path, byte[] content)
    {
        var file = Path.Combine(Directory, path);
        ModuleRoot.WriteFile(file, content);
        return file;
    }

    /// <summary>Both programs have the same effect and output. <c>ROOT</c> in an argument is the root; without a
    /// release, -b and the release are added.</summary>
    public void ShouldBeAlike(params string[] args)
    {
        args = Array.ConvertAll(args, arg => arg.Replace("ROOT", Root, StringComparison.Ordinal));
        var whole = args.Contains(_release) ? args : ["-C", $"{Root}/depmod.d", "-b", Root, .. args, _release];
        Clear();
        var kmods = RunKmod(whole);
        var expected = Snapshot();
        Clear();
        var ours = Run(whole);
        // kmod 30 does not know it
        ours.Out = ours.Out.Replace(
            "# Weak dependencies extracted from modules themselves.\n", "", StringComparison.Ordinal);
        Assert.Equal(WithoutDescriptors(kmods), WithoutDescriptors(ours));
        Assert.Equal(expected, Snapshot());
    }

    /// <summary>kmod prints the descriptor of a directory, whose number varies.</summary>
    static (int Exit, string Out, string Error) WithoutDescriptors((int Exit, string Out, string Error) said) =>
        said with
        {
            Error = Regex.Replace(
            said.Error, "at\\([0-9]+, ", "at(N, ", RegexOptions.None, TimeSpan.FromSeconds(1))
        };

    /// <summary>Output of the depmod of kmod; the test is skipped without kmod 30.</summary>
    public (int Exit, string Out, string Error) RunKmod(params string[] args)
    {
        const string Program = "/usr/sbin/depmod";
        Assert.SkipUnless(File.Exists(Program), "kmod is not installed: apt-get install kmod");
        Assert.SkipUnless(Shell(Program, "--version").Out.StartsWith("kmod version 30\n", StringComparison.Ordinal),
            "kmod is here, but is not version 30");
        return Shell(Program, args);
    }

    public static (int Exit, string Out, string Error) Shell(string program, params string[] args)
    {
        // under the name in the messages of kmod
        var run = Tool.Try("/bin/bash", ["-c", "ulimit -t 30; exec -a \"${0##*/}\" \"$0\" \"$@\"", program, .. args]);
        return (run.Exit, run.Out, run.Error);
    }

    public static (int Exit, string Out, string Error) Run(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var exit = new DepmodTool().Run(args, new Terminal(output, error, isWatched: false));
        return (exit, output.ToString(), error.ToString());
    }

    public (int Exit, string Out, string Error) Run() => Run("-C", $"{Root}/depmod.d", "-b", Root, _release);

    /// <summary>All output files: texts verbatim, indexes by content.</summary>
    public SortedDictionary<string, string> Snapshot()
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in Outputs)
        {
            var path = $"{Directory}/{name}";
            if (!File.Exists(path))
                continue;
            var bytes = File.ReadAllBytes(path);
            all[name] = name.EndsWith(".bin", StringComparison.Ordinal)
                ? $"{bytes.Length} bytes\n{IndexDump.Of(bytes)}" : Encoding.Latin1.GetString(bytes);
        }
        return all;
    }

    public void Clear()
    {
        foreach (var name in Outputs.Concat(["modules.weakdep", "modules.drover.bin"]))
            File.Delete($"{Directory}/{name}");
    }

    public void Dispose() => _root.Dispose();
}
