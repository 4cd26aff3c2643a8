using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Drover.Modules.Tests.Kmod;

internal sealed record ShellResult(int Exit, string Out, string Error)
{
    public bool Succeeded => Exit == 0;
}

/// <summary>Runs programs of the machine.</summary>
internal static class Shell
{
    /// <summary>What a shell exits with when there is no such program.</summary>
    public const int NotThere = 127;

    public static ShellResult Run(string program, IEnumerable<string> arguments, string? input = null, string? directory = null)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? "",
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        start.Environment["LC_ALL"] = "C";
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> error = process.StandardError.ReadToEndAsync();
            try
            {
                process.StandardInput.Write(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // it did not want to read that; its exit says why
            }
            process.WaitForExit();
            return new ShellResult(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
        }
        catch (Win32Exception problem)
        {
            return new ShellResult(NotThere, "", problem.Message);
        }
    }
}
