using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Drover.Lab.Guest;
using Drover.Lab.Prepare;
using Drover.Lab.Runs;

namespace Drover.Lab.Commands;

/// <summary>An option whose value is checked and converted by a function.</summary>
sealed class ValueOption<T> : Option<string>
{
    readonly Func<string, T> _parse;

    /// <param name="parse">Throws <see cref="FormatException"/> with a message for the user.</param>
    /// <param name="fallback">The default; null for none.</param>
    public ValueOption(
        string name, string value, string description, Func<string, T> parse, string? fallback = null,
        bool required = false, string? alias = null)
        : base(name)
    {
        (_parse, HelpName, Description, Required) = (parse, value, description, required);
        if (alias is not null)
            Aliases.Add(alias);
        if (fallback is not null)
            DefaultValueFactory = _ => fallback;
        Validators.Add(result =>
        {
            var text = result.GetValueOrDefault<string>();
            try
            {
                if (text is not null)
                    parse(text);
            }
            catch (FormatException problem)
            {
                result.AddError($"{name} {text}: {problem.Message}");
            }
        });
    }

    /// <summary>The value; the type's default if the option is absent and has no default.</summary>
    public T Of(ParseResult line) => line.GetValue(this) is { } text ? _parse(text) : default!;
}

static partial class LabOptions
{
    static readonly int s_maxCpus = Architecture.Arm64.MaxCpus;

    public static readonly IReadOnlyList<string>
        Loaders = OptionNames.Of<GuestLoader>(), Gates = OptionNames.Of<Gate>();

    public static readonly ValueOption<int> TimeLimit = new(
        "--timeout", "SECONDS", "until a guest counts as hung; 0 for the command's default", Number(0, 86_400), "0");
    public static readonly ValueOption<string> Memory = new(
        "--memory", "SIZE", "of each guest", text => Sizes(1)(text)[0], "4G");
    public static readonly ValueOption<string> Binary = new(
        "--binary", "PATH", "the drover to test (default artifacts/native/drover, or native-arm64)", Path.GetFullPath);
    public static readonly ValueOption<string> StudyBinary = new(
        "--study-binary", "PATH", "the drover-study to test (default: beside drover)", Path.GetFullPath);
    public static readonly ValueOption<string> DroverArguments = new(
        "--drover-args", "OPTIONS", "more options for drover coldplug or daemon, as one word: '--jobs 1'", Plain, "");
    public static readonly ValueOption<string> Raw = new(
        "--raw", "DIR", "write the files that the guests sent to DIR", Any);
    public static readonly ValueOption<string> Json = new("--json", "FILE", "write all results to FILE", Any);
    public static readonly ValueOption<int> Guests = new(
        "--parallel", "N", "guests at once; each needs a CPU of this machine for correct times", Number(1, 16), "1");
    public static readonly ValueOption<int> Repetitions = new("--runs", "N", "repetitions", Number(1, 100), "3");
    public static readonly ValueOption<IReadOnlyList<Gate>> GateList = new(
        "--gates", "GATE,…", "of the gates kernel", List(OptionNames.Parse<Gate>), string.Join(',', Gates));
    public static readonly ValueOption<Clock> GuestClock = new(
        "--clock", string.Join('|', OptionNames.Of<Clock>()), """
            instructions: a nanosecond for each executed instruction, idle time skipped; repeatable, and blind to
            parallel work; host: this machine's time
            """, OptionNames.Parse<Clock>, "instructions");
    public static readonly ValueOption<Threads> GuestThreads = new(
        "--threads", string.Join('|', OptionNames.Of<Threads>()),
        "of QEMU: one for all CPUs of the guest, or one for each, with --clock host", OptionNames.Parse<Threads>,
        "single");
    public static readonly Option<bool>
        FullBoots = new("--full-boots") { Description = "boot each guest, in place of one boot for all loaders" },
        Verbose = new("--verbose") { Description = "show the guests' consoles" },
        Resume = new("--resume") { Description = "take existing reports, of the same drover, instead of new runs" };

    public static ValueOption<GuestSystem> SystemOf(IReadOnlyList<string> known) => new(
        "--system", string.Join('|', known),
        "a Debian, its kernel and its udev; 6.1 and 6.12 are Debian 12's kernels, gates is the lab's own",
        text =>
        {
            OneOf(known)(text.Split('/')[0]);
            return GuestSystem.Parse(text);
        }, required: true, alias: "--kernel");

    /// <summary>The lab's own kernel, whose gate can be chosen.</summary>
    public static ValueOption<GuestSystem> GatesSystem(string names, string fallback) => new(
        "--system", names, "the lab's own kernel, with /arm64 behind it for that architecture",
        text => GuestSystem.Parse(text) is { IsGates: true } system
            ? system
            : throw new FormatException("only the lab's own kernel has all gates"), fallback);

    public static ValueOption<int> Cpus(string? fallback = null, int min = 1) => new(
        "--cpus", "N", $"{min} to {s_maxCpus} (amd64: 255); each CPU is a device that requests the same modules",
        Number(min, s_maxCpus), fallback, required: fallback is null);

    public static ValueOption<IReadOnlyList<int>> CpuCounts(string? fallback = null) => new(
        "--cpus", "N,…", $"each 1 to {s_maxCpus}", List(Number(1, s_maxCpus)), fallback, required: fallback is null);

    public static ValueOption<string> Save(string command) => new(
        "--save", "DIR", $"the folder of the reports (default .cache/lab/{command})", Any);

    public static RunSettings Settings(ParseResult line)
    {
        var (clock, threads) = (GuestClock.Of(line), GuestThreads.Of(line));
        if (threads == Threads.Multi && clock == Clock.Instructions)
            throw LabException.Usage("--threads multi needs --clock host: the clock of instructions has one thread");
        return new(
            Memory.Of(line) ?? "4G", TimeLimit.Of(line) is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : null,
            Binary.Of(line), StudyBinary.Of(line), DroverArguments.Of(line) ?? "",
            line.GetValue(Verbose) ? Console.Error.WriteLine : null, Raw.Of(line))
        {
            Clock = clock,
            Threads = threads,
            FullBoots = line.GetValue(FullBoots),
        };
    }

    public static string Any(string text) => text;

    public static Func<string, string> OneOf(IReadOnlyList<string> known) =>
        text => known.Contains(text) ? text : throw new FormatException($"must be one of {string.Join(", ", known)}");

    public static Func<string, int> Number(int min, int max) => text =>
        int.TryParse(text, NumberStyles.None, null, out var n) && n >= min && n <= max
            ? n
            : throw new FormatException($"must be a number from {min} to {max}");

    public static Func<string, IReadOnlyList<T>> List<T>(Func<string, T> parse) =>
        text => text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(parse).ToList();

    /// <summary>A device or a case.</summary>
    public static string Name(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
        ? text
        : throw new FormatException("a name has letters, digits, '-' and '_'");

    /// <summary>Sizes in QEMU's form, a number with M or G: one, or one for each of several boots.</summary>
    public static Func<string, IReadOnlyList<string>> Sizes(int boots) => text =>
    {
        var sizes = text.Split(',');
        if (!Array.TrueForAll(sizes, size => MemorySize.IsMatch(size)))
            throw new FormatException("must be a number with M or G, such as 4G");
        return sizes.Length == 1 || sizes.Length == boots
            ? sizes
            : throw new FormatException($"takes one size{(boots > 1 ? $" or {boots}" : "")}, not {sizes.Length}");
    };

    /// <summary>Options for drover, which go into a file that the guest's shell reads.</summary>
    static string Plain(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || " -=_.,/".Contains(c))
        ? text
        : throw new FormatException("takes letters, digits, blanks and -=_.,/ only");

    [GeneratedRegex(@"^[1-9]\d*[MG]$")]
    static partial Regex MemorySize { get; }
}
