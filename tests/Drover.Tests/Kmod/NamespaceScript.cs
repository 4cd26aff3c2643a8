using System.Diagnostics;
using System.Text;
using Drover.Text;

namespace Drover.Tests.Kmod;

/// <summary>Runs shell lines in a mount namespace on a generated machine. Only root can create one; the test is
/// skipped otherwise.</summary>
static class NamespaceScript
{
    /// <summary>Runs each line.</summary>
    /// <param name="directory">The working directory, which also keeps their output.</param>
    /// <param name="preparation">Commands that run first, in that directory; none may fail.</param>
    /// <param name="lines">Each runs in a subshell.</param>
    public static ToolRun[] Run(string directory, string preparation, string[] lines)
    {
        var script = new StringBuilder($"set -e\ncd {directory}\n{preparation}set +e\n");
        for (var i = 0; i < lines.Length; i++)
            script.Append($"( {lines[i]} ) >{i}.out 2>{i}.err </dev/null; echo $? >{i}.exit\n");
        File.WriteAllBytes($"{directory}/script", ByteText.BytesOf(script.ToString()));
        using var process = Process.Start(
            new ProcessStartInfo("unshare", ["-m", "bash", $"{directory}/script"])
            {
                UseShellExecute = false,
                RedirectStandardError = true
            })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.SkipUnless(process.ExitCode == 0 && File.Exists($"{directory}/0.exit"),
            $"no mount namespace here: {error}");
        return [.. lines.Select((_, i) => new ToolRun(int.Parse(Read(i, "exit"), null), Read(i, "out"),
            Read(i, "err")))];

        string Read(int line, string what) => ByteText.Of(File.ReadAllBytes($"{directory}/{line}.{what}"));
    }
}
