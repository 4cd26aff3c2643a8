using System.CommandLine;
using Drover.Lab.Policy;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;
using static Drover.Lab.Commands.LabOptions;

namespace Drover.Lab.Commands;

static class PolicyCommand
{
    static readonly ValueOption<GuestSystem> s_system = SystemOf(GuestSystem.Names);
    static readonly ValueOption<IReadOnlyList<string>> s_only = new(
        "--only", "REQUEST,…", "only these requests or answers of lab/guest/policy, or failures", List(Name), "");

    public static LabCommand Create() => new(
        "policy",
        "Asks for modules in every way that a machine has (by name, by file, as a dependency, as a softdep, by a "
        + "device, by the kernel for a mount, a socket and a cipher, from a container) under a policy that allows, "
        + "forbids, warns, is overridden, or is sealed, and checks what is loaded, what is said, and whose request it "
        + "was. Then it checks what failed loads say, also on kernels that demand signatures.",
        """
        lab/policy --system debian13
        lab/policy --system sid --only container,mount --raw /tmp/policy
        """,
        "every case is OK", "a case is not",
        RunAsync, s_system, s_only, Memory, TimeLimit, Binary, StudyBinary, Raw, Verbose);

    static async Task<int> RunAsync(ParseResult line, LabHost host)
    {
        var settings = Settings(line);
        using var laboratory = new Laboratory(settings, host);
        var report = await PolicyRun.RunAsync(host, laboratory, s_system.Of(line), s_only.Of(line), settings);
        Console.Write(report);
        return report.IsGood ? 0 : LabException.FailedCode;
    }
}
