using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Drover.Lab.Commands;

/// <summary>One of the lab's commands; its help has examples and exit statuses below the options.</summary>
sealed class LabCommand : Command
{
    /// <param name="success">The meaning of exit status 0.</param>
    /// <param name="failure">The meaning of exit status 1.</param>
    public LabCommand(
        string name, string description, string examples, string success, string failure,
        Func<ParseResult, LabHost, Task<int>> run, params IEnumerable<Option> options)
        : base("lab/" + name, description)
    {
        foreach (var option in options)
            Options.Add(option);
        var notes = $"""
            Examples:
              {examples.ReplaceLineEndings("\n  ")}

            Exit status:
              0    {success}
              1    {failure}
              2    the command line is wrong
              3    this machine cannot run the lab
              130  interrupted by Ctrl-C
            """;
        Options.Add(new HelpOption { Action = new NotesHelp(notes) });
        SetAction((line, cancellationToken) => run(line, new LabHost(Log, cancellationToken)));
    }

    /// <summary>Runs a command line, the command's name without "lab/" first.</summary>
    /// <exception cref="LabException">The command line is wrong, or the command failed.</exception>
    public static Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        LabCommand[] commands =
        [
            RunCommand.Create(), CompareCommand.Create(), FidelityCommand.Create(), ToolsCommand.Create(),
            PolicyCommand.Create(), TortureCommand.Create(), InstallBootsCommand.Create(), BootCommand.Create(),
            ExperimentCommand.Create(),
        ];
        var name = arguments is [var first, ..] ? $"lab/{first}" : "";
        var command = Array.Find(commands, command => command.Name == name)
            ?? throw LabException.Usage($"one of {string.Join(", ", commands.Select(known => known.Name))} is missing");

        var line = command.Parse([.. arguments.Skip(1)], new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (line.Errors.Count > 0)
            throw LabException.Usage(line.Errors[0].Message);
        return line.InvokeAsync(new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            // Ctrl-C and SIGTERM cancel the command, which then stops its guests
            ProcessTerminationTimeout = TimeSpan.FromSeconds(30),
        });
    }

    public static void Log(string message) => Console.Error.WriteLine("lab: " + message);

    /// <summary>The library's help and more text below it.</summary>
    sealed class NotesHelp(string notes) : SynchronousCommandLineAction
    {
        readonly HelpAction _help = new() { MaxWidth = 110 };

        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var status = _help.Invoke(parseResult);
            parseResult.InvocationConfiguration.Output.WriteLine(notes);
            return status;
        }
    }
}
