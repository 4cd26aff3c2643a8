using Drover.Kernel;
using Drover.Modules.Config;
using Drover.Text;

namespace Drover.Loading;

/// <summary>All messages of the loader: what was requested, what happened, what to do.</summary>
static class LoaderMessages
{
    public static string LoadedElsewhere => "another process loaded it meanwhile";

    public static string NotFound(string name) =>
        $"{name}: not in any index, alias or configuration (stale index? run depmod)";

    public static string Cycle(string cycle) => $"dependency cycle: {cycle} (broken modules.dep? run depmod)";

    public static string MissingDependency(string module) =>
        $"it needs {module}, which is in no index (stale index? run depmod)";

    public static string FailedDependency(ModuleOutcome dependency) =>
        $"it needs {dependency.Module}: {dependency.Why ?? ErrnoText.DescribeLoad(dependency.Error)}";

    public static string Blacklisted(string module) =>
        $"{module} is blacklisted in modprobe.d or on the kernel's command line";

    public static string LessPreferred(string module, PolicyPreference line) =>
        $"{module} is left out: policy prefers {line.Preferred} ({line.Source})";

    public static string Forbidden(PolicyAnswer answer) => $"not loaded: {answer.Refusal("it")}";

    public static string NeedsForbidden(IReadOnlyList<string> chain, PolicyAnswer answer) =>
        $"not loaded: needs {string.Join(", which needs ", chain)}, {answer.Refusal("which")}";

    public static string ForbiddenDependency(ModuleOutcome dependency) =>
        $"not loaded: needs {dependency.Module}: {dependency.Why}";

    public static string Warned(PolicyAnswer answer) => $"the policy warns of it ({answer.Line})";

    public static string WouldForbid(PolicyAnswer answer) =>
        $"loaded only because the policy is warn-only: {answer.Refusal("it")}";

    public static string Overridden(PolicyAnswer answer) => $"policy overridden: {answer.Refusal("it")}";

    public static string CorruptIndex(string problem) => $"{problem} (run depmod)";

    public static string InstallCommandFailed(string command, int status) => status switch
    {
        CommandStatus.Loop =>
            $"its install command leads back to it: {command} (use 'modprobe --ignore-install' in it)",
        < 0 => $"its install command could not be started: {command}",
        _ => $"its install command exited with status {status}: {command}",
    };

    /// <param name="cause">The cause, if it is known.</param>
    /// <param name="log">The kernel's own lines about it.</param>
    public static string CallFailed(
        LoadCall call, LoadReply reply, int tries, string? cause, IReadOnlyList<string> log)
    {
        const int MaxLine = 240, MaxLines = 6; // the last ones
        var system = call.Via is LoadVia.InitModule ? "init_module" : "finit_module";
        var reason = reply.Detail ?? cause ?? ErrnoText.DescribeLoad(reply.Error);
        var text = $"{system}: {ErrnoText.Name(reply.Error)} ({reason})";
        if (tries > 1)
            text = $"{text}; tried {tries} times";
        return log.Count == 0
            ? text
            : $"{text}; the kernel's log: "
                + string.Join(" | ", log.Skip(log.Count - MaxLines).Select(line => PlainTable.Shorten(line, MaxLine)));
    }

    public static string SharedFailure(string why) => $"failed before: {why}";

    public static string FailedElsewhere(Errno error) =>
        $"another process tried and failed: {ErrnoText.DescribeLoad(error)}";

    public static string TimedOut(TimeSpan timeout) =>
        $"timed out after {timeout.TotalSeconds:0.#} s; the load is still running "
        + "(does the module request itself from its init?)";

    public static string Retrying(LoadCall call, LoadReply reply, TimeSpan pause) =>
        $"{call.Module}: {ErrnoText.Name(reply.Error)}; retrying in {pause.TotalMilliseconds:0} ms";

    public static string SmallerBudget(LoadCall call, Errno error, long bytes) =>
        $"{call.Module}: {ErrnoText.Name(error)}; loads in flight now take at most {bytes >> 20} MiB";

    public static string DecompressingHere(LoadCall call, Errno error) =>
        $"{call.Module}: the kernel did not decompress {call.Path} ({ErrnoText.Name(error)}); decompressing it here";

    public static string ReadingHere(LoadCall call, Errno error) =>
        $"{call.Module}: finit_module: {ErrnoText.Name(error)}; reading {call.Path} here, for init_module";

    public static string MissingSymbol(IReadOnlyList<string> dependencies, IReadOnlyList<string> notLive)
    {
        if (notLive.Count > 0)
            return $"unknown symbol: its dependency {string.Join(", ", notLive)} is not live";
        return dependencies.Count > 0
            ? $"unknown symbol although {string.Join(", ", dependencies)} is live; see the kernel's log"
            : "unknown symbol, and modules.dep lists no dependency (run depmod); see the kernel's log";
    }

    public static string FileIsHeld(string path, bool moduleIsComing) => moduleIsComing
        ? "another process is loading this file and did not finish"
        : $"{path} is open for writing, runs as a program, or is being sealed by fs-verity";
}
