using System.Collections;
using System.Runtime.InteropServices;
using Drover.Linux.Syscalls;
using Drover.Text;

namespace Drover.Linux.Runtime;

/// <summary>The arguments and the environment of this process as <see cref="ByteText"/>: .NET replaces what is not
/// UTF-8 by U+FFFD. Only a text with that character is read again.</summary>
public static class ProcessText
{
    const char Replaced = '\ufffd';

    /// <summary>The arguments of <c>Main</c> with their bytes; as they are without /proc.</summary>
    public static string[] Arguments(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        if (!args.Any(arg => arg.Contains(Replaced, StringComparison.Ordinal)))
            return args;
        var words = Words("/proc/self/cmdline");
        // a host of the program, such as dotnet, has words before
        return words.Count > args.Length ? [.. words.TakeLast(args.Length)] : args;
    }

    /// <summary>An environment variable, or null.</summary>
    public static unsafe string? Variable(string name)
    {
        var value = Environment.GetEnvironmentVariable(name);
        return value?.Contains(Replaced, StringComparison.Ordinal) == true && Libc.GetEnv(name) is not 0 and var text
            ? ByteText.Of(MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)text))
            : value;
    }

    /// <summary>All environment variables as NAME=value.</summary>
    internal static IReadOnlyList<string> Environs()
    {
        var variables = new List<string>();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            variables.Add($"{variable.Key}={variable.Value}");
        return variables.Exists(variable => variable.Contains(Replaced, StringComparison.Ordinal))
            && Words("/proc/self/environ") is { Count: > 0 } words
            ? words
            : variables;
    }

    static List<string> Words(string path)
    {
        var words = new List<string>();
        try
        {
            var text = File.ReadAllBytes(path).AsSpan();
            while (!text.IsEmpty)
            {
                var end = text.IndexOf((byte)0) is >= 0 and var nul ? nul : text.Length;
                words.Add(ByteText.Of(text[..end]));
                text = text[Math.Min(end + 1, text.Length)..];
            }
        }
        catch (IOException)
        {
            // no /proc
        }
        return words;
    }
}
