using System.Diagnostics;
using System.Text;

namespace Drover.Tests.Kmod;

/// <summary>Lines for the shell in a mount namespace of their own, on a machine of a test's making. Only root may do that; the test is skipped otherwise. Stateless.</summary>
static class NamespaceScript
{
    /// <summary>What each line brings about.</summary>
    /// <param name="directory">Where they run, and where what they say is kept.</param>
    /// <param name="preparation">What is done first, once, in that directory; none of it may fail.</param>
    /// <param name="lines">Each in a shell of its own.</param>
    public static ToolRun[] Run(string directory, string preparation, string[] lines)
    {
        var script = new StringBuilder($"set -e\ncd {directory}\n{preparation}set +e\n");
        for (var i = 0; i < lines.Length; i++)
            script.Append($"( {lines[i]} ) >{i}.out 2>{i}.err </dev/null; echo $? >{i}.exit\n");
        File.WriteAllText($"{directory}/script", script.ToString());
        using var process = Process.Start(new ProcessStartInfo("unshare", ["-m", "bash", $"{directory}/script"]) { UseShellExecute = false, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.SkipUnless(process.ExitCode == 0 && File.Exists($"{directory}/0.exit"), $"no mount namespace here: {error}");
        return [.. lines.Select((_, i) => new ToolRun(int.Parse(Read(i, "exit"), null), Read(i, "out"), Read(i, "err")))];

        string Read(int line, string what) => File.ReadAllText($"{directory}/{line}.{what}");
    }
}
