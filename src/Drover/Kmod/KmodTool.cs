using System.Runtime.InteropServices;
using System.Text;
using Drover.CommandLine;
using Drover.Kernel;
using Drover.Linux.Systemd;
using Drover.Modules;

namespace Drover.Kmod;

/// <summary>One of kmod's programs, with kmod's options, output, error messages and exit statuses.</summary>
abstract class KmodTool
{
    /// <summary>The release that the tools match; scripts read the number after <c>kmod version</c>.</summary>
    const string KmodRelease = "34.2";

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
        writer.WriteLine("+ZSTD +XZ +ZLIB +OPENSSL");
        writer.WriteLine($"drover {ProgramVersion.Text}");
    }
}

/// <summary>The severity of a message; the numbers are syslog's (syslog(3)).</summary>
enum LogLevel { Emergency = 0, Fatal = 2, Error = 3, Warning = 4, Notice = 5, Info = 6, Debug = 7 }

/// <summary>Messages in kmod's form: <c>modprobe: ERROR: …</c> on standard error; syslog adds the name.</summary>
sealed class ToolLog(string program, Terminal terminal)
{
    /// <summary>Messages of a lower severity are dropped.</summary>
    public LogLevel Level { get; set; } = LogLevel.Error;

    /// <summary>To syslog, as with <c>-s</c>.</summary>
    public bool ToSyslog { get; set; }

    public void Error(string message) => Write(LogLevel.Error, message);

    public void Warning(string message) => Write(LogLevel.Warning, message);

    public void Info(string message) => Write(LogLevel.Info, message);

    /// <summary>Why something failed, before kmod's own message: for a person; with -v for a program too.</summary>
    public void Reason(string message) => Write(terminal.IsWatched ? LogLevel.Error : LogLevel.Info, message);

    public void Write(LogLevel level, string message)
    {
        if (level > Level)
            return;
        var prefix = level switch
        {
            LogLevel.Fatal => "FATAL: ",
            LogLevel.Error => "ERROR: ",
            LogLevel.Warning => "WARNING: ",
            LogLevel.Notice => "NOTICE: ",
            LogLevel.Info => "INFO: ",
            _ => "DEBUG: ",
        };
        if (ToSyslog)
            Syslog.Write(program, (int)level, prefix + message);
        else
            terminal.Error.WriteLine($"{program}: {prefix}{message}");
    }
}

/// <summary>Error numbers in the words of kmod's messages.</summary>
static class StrError
{
    /// <summary>strerror(3).</summary>
    public static string Of(Errno error) => Marshal.GetPInvokeErrorMessage((int)error);

    /// <summary>modprobe's words for a failed load; for a damaged file, the kernel's error.</summary>
    public static string OfLoad(Errno error) => Of(error is Errno.EBADMSG ? Errno.ENOEXEC : error);

    /// <summary>insmod's words for a failed load (kmod: <c>mod_strerror</c>).</summary>
    public static string OfInsmod(Errno error) => error switch
    {
        Errno.ENOEXEC or Errno.EBADMSG => "Invalid module format",
        Errno.ENOENT => "Unknown symbol in module",
        Errno.ESRCH => "Module has wrong symbol version",
        Errno.EINVAL => "Invalid parameters",
        _ => Of(error),
    };

    /// <summary>The words for the errno of kmod's file functions; null for other exceptions.</summary>
    public static string? Of(Exception problem) => problem switch
    {
        ModuleDataException { Fault: DataFault.OtherFormat } => Of(Errno.ENOEXEC),
        ModuleDataException { Fault: DataFault.NoSuchPart } => Of(Errno.ENODATA),
        ModuleDataException => Of(Errno.EINVAL),
        _ => FileErrno.Of(problem) is { } error ? Of(error) : null,
    };
}

/// <summary>The C library's parsers, with its error messages.</summary>
static class CLibrary
{
    /// <summary>getopt_long(3). Error messages match glibc's exactly, because scripts parse them.</summary>
    public static GetOpt GetOpt(
        string program, IEnumerable<string> args, string letters, IReadOnlyList<LongOption> longs, TextWriter errors) =>
        new(args, letters, longs, (problem, option, detail) =>
        {
            var isLong = option.StartsWith("--", StringComparison.Ordinal);
            errors.WriteLine($"{program}: " + problem switch
            {
                OptionProblem.Unknown =>
                    isLong ? $"unrecognized option '{detail}'" : $"invalid option -- '{option[1]}'",
                OptionProblem.Ambiguous => $"option '{option}' is ambiguous; possibilities: {detail}",
                OptionProblem.UnexpectedValue => $"option '{option}' doesn't allow an argument",
                _ => isLong
                    ? $"option '{option}' requires an argument"
                    : $"option requires an argument -- '{option[1]}'",
            });
        });

    /// <summary>strtoul(3) with base 0, for the whole text: decimal, 0x hexadecimal or 0 octal. A number that is too
    /// large becomes the largest; a negative one wraps.</summary>
    public static bool TryStrToUl(string text, out ulong value)
    {
        value = 0;
        var digits = text.AsSpan().TrimStart();
        var isNegative = digits.Length > 0 && digits[0] == '-';
        if (isNegative || (digits.Length > 0 && digits[0] == '+'))
            digits = digits[1..];
        var numberBase = 10u;
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            numberBase = 16;
            digits = digits[2..];
        }
        else if (digits.Length > 1 && digits[0] == '0')
        {
            numberBase = 8;
            digits = digits[1..];
        }
        if (digits.IsEmpty)
            return false;
        var isTooLarge = false;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToUInt32(c.ToString(), 16) : numberBase;
            if (digit >= numberBase)
                return false;
            isTooLarge |= value > (ulong.MaxValue - digit) / numberBase;
            value = unchecked((value * numberBase) + digit);
        }
        if (isTooLarge)
            value = ulong.MaxValue;
        else if (isNegative)
            value = unchecked(0 - value);
        return true;
    }
}

static class ModuleOptions
{
    /// <summary>The words from <paramref name="first"/> on as one text of module parameters, separated by blanks; a
    /// value with a blank gets quotes unless it has some (kmod: <c>options_from_array</c>).</summary>
    public static string Join(IReadOnlyList<string> words, int first) =>
        string.Join(' ', words.Skip(first).SkipWhile(word => word.Length == 0).Select(Quoted));

    /// <summary>Splits <c>$MODPROBE_OPTIONS</c> as kmod does (<c>prepend_options_from_env</c>): blanks separate words,
    /// quotes of either kind group them; a blank after a closing quote makes an empty word.</summary>
    public static List<string> Split(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var quote = '\0';
        var isOpen = false; // the word has begun
        var opened = 0; // position of the quote in the word
        foreach (var c in text)
        {
            if (c == (quote == '\0' ? ' ' : quote))
            {
                words.Add(word.ToString());
                word.Clear();
                (quote, isOpen) = ('\0', false);
            }
            else if (quote == '\0' && c is '"' or '\'')
            {
                (quote, isOpen, opened) = (c, true, word.Length);
            }
            else
            {
                word.Append(c);
                isOpen = true;
            }
        }
        // a quote that is never closed is an ordinary character
        if (quote != '\0')
            word.Insert(opened, quote);
        if (isOpen)
            words.Add(word.ToString());
        return words;
    }

    static string Quoted(string word)
    {
        var value = word.IndexOf('=', StringComparison.Ordinal) + 1;
        var needsQuotes = value > 0 && word.IndexOf(' ', value) >= 0 && word[value] is not ('"' or '\'');
        return needsQuotes ? $"{word[..value]}\"{word[value..]}\"" : word;
    }
}
