using Drover.Output;

namespace Drover.Kmod;

/// <summary>One of kmod's programs: by its own name (a link to drover) or as a verb, with kmod's options, output, complaints and exit statuses.</summary>
abstract class KmodTool
{
    /// <summary>The program's name.</summary>
    public abstract string Name { get; }

    /// <summary>One line for drover's list of verbs.</summary>
    public abstract string Summary { get; }

    /// <summary>Does it.</summary>
    /// <param name="args">Without the program's name.</param>
    /// <param name="terminal">Where output goes; flushed by the caller.</param>
    /// <returns>The exit status, as kmod's tool would end.</returns>
    public abstract int Run(IReadOnlyList<string> args, Terminal terminal);
}
