using Drover.CommandLine;

namespace Drover.Kmod;

/// <summary>One of kmod's programs, with kmod's options, output, error messages and exit statuses.</summary>
abstract class KmodTool
{
    /// <summary>The release that the tools match; scripts read the number after <c>kmod version</c>.</summary>
    const string KmodRelease = "30";

    public static KmodTool[] All =>
    [
        new ModprobeTool(), new InsmodTool(), new RmmodTool(), new LsmodTool(), new ModinfoTool(), new DepmodTool(),
        new KmodProgram(),
    ];

    public static KmodTool? Find(string name) => Array.Find(All, tool => tool.Name == name);

    public abstract string Name { get; }

    /// <summary>One line for the help of drover.</summary>
    public abstract string Summary { get; }

    /// <param name="args">Without the program's name.</param>
    /// <param name="terminal">Flushed by the caller.</param>
    /// <returns>The exit status, as kmod's.</returns>
    public abstract int Run(IReadOnlyList<string> args, Terminal terminal);

    /// <summary>kmod's two lines, the second with the supported compressions; then Drover's version.</summary>
    public static void WriteVersion(TextWriter writer)
    {
        writer.WriteLine($"kmod version {KmodRelease}");
        writer.WriteLine("+ZSTD +XZ +ZLIB +LIBCRYPTO -EXPERIMENTAL");
        writer.WriteLine($"drover {ProgramVersion.Text}");
    }
}
