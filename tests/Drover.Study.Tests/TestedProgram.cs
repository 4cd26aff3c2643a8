using Drover.CommandLine;

namespace Drover.Study.Tests;

/// <summary>The program that the tests of this project run.</summary>
static class TestedProgram
{
    public static int Run(string[] args, Terminal terminal) => Program.Run(args, terminal);
}
