using Drover.CommandLine;
using StudyMain = Drover.Study.Program;

namespace Drover.Tests;

/// <summary>The two programs as one, run like from a shell.</summary>
static class TestedProgram
{
    public static int Run(string[] args, Terminal terminal) =>
        Drover.Host.StudyProgram.Runs(args) ? StudyMain.Run(args, terminal) : Program.Run(args, terminal);
}
