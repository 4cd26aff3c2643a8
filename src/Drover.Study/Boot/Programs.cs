using System.ComponentModel;
using System.Diagnostics;

namespace Drover.Study.Boot;

/// <summary>Programs of this machine that are asked for facts.</summary>
static class Programs
{
    /// <summary>What a program prints; empty if it is not installed.</summary>
    public static string Output(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                UseShellExecute = false,
            });
            var text = process?.StandardOutput.ReadToEnd() ?? "";
            process?.WaitForExit();
            return text;
        }
        catch (Win32Exception)
        {
            return "";
        }
    }
}
