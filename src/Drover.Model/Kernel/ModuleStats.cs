using System.Globalization;
using System.Text;

namespace Drover.Model;

/// <summary>At which check a duplicate was noticed (<c>enum fail_dup_mod_reason</c>). A set.</summary>
[Flags]
public enum DuplicateReason
{
    None = 0,

    /// <summary>By the early check, after one allocation.</summary>
    Becoming = 1,

    /// <summary>When it was to be added to the list of modules, after two.</summary>
    Load = 2,
}

/// <summary>A module that was loaded while it was there or on its way.</summary>
public sealed record DuplicateFailure(string Module, long Times, DuplicateReason Reason);

/// <summary>
/// The counters of CONFIG_MODULE_STATS (kernel/module/stats.c) as a value; <see cref="ToText"/> is what /sys/kernel/debug/modules/stats prints, byte for byte, and
/// <see cref="Parse"/> reads that of a real kernel. All counts are of events since boot, all sizes in bytes.
/// </summary>
public sealed record ModuleStats
{
    const int NameWidth = 25;

    /// <summary>"Mods ever loaded".</summary>
    public long EverLoaded { get; init; }

    /// <summary>Calls that failed while the file was read.</summary>
    public long FailedKread { get; init; }

    /// <summary>Calls that failed while it was decompressed.</summary>
    public long FailedDecompress { get; init; }

    /// <summary>Calls that failed from there until the module was laid out.</summary>
    public long FailedBecoming { get; init; }

    /// <summary>Calls that failed later, before the module's init.</summary>
    public long FailedLoad { get; init; }

    /// <summary>Images of all modules ever loaded.</summary>
    public long TotalModuleBytes { get; init; }

    /// <summary>Their text.</summary>
    public long TotalTextBytes { get; init; }

    /// <summary>What calls that failed at each place had allocated.</summary>
    public long FailedKreadBytes { get; init; }

    /// <inheritdoc cref="FailedKreadBytes"/>
    public long FailedDecompressBytes { get; init; }

    /// <inheritdoc cref="FailedKreadBytes"/>
    public long FailedBecomingBytes { get; init; }

    /// <inheritdoc cref="FailedKreadBytes"/>
    public long FailedLoadBytes { get; init; }

    /// <summary>"Virtual mem wasted bytes": the sum of the four.</summary>
    public long WastedBytes => FailedKreadBytes + FailedDecompressBytes + FailedBecomingBytes + FailedLoadBytes;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<DuplicateFailure> Duplicates { get; init; } = [];

    /// <summary>The kernel's text.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        Line("Mods ever loaded", EverLoaded);
        Line("Mods failed on kread", FailedKread);
        Line("Mods failed on decompress", FailedDecompress);
        Line("Mods failed on becoming", FailedBecoming);
        Line("Mods failed on load", FailedLoad);
        Line("Total module size", TotalModuleBytes);
        Line("Total mod text size", TotalTextBytes);
        Line("Failed kread bytes", FailedKreadBytes);
        Line("Failed decompress bytes", FailedDecompressBytes);
        Line("Failed becoming bytes", FailedBecomingBytes);
        Line("Failed kmod bytes", FailedLoadBytes);
        Line("Virtual mem wasted bytes", WastedBytes);
        Average("Average mod size", TotalModuleBytes, EverLoaded);
        Average("Average mod text size", TotalTextBytes, EverLoaded);
        Average("Avg fail kread bytes", FailedKreadBytes, FailedKread);
        Average("Avg fail decomp bytes", FailedDecompressBytes, FailedDecompress);
        Average("Avg fail becoming bytes", FailedBecomingBytes, FailedBecoming);
        Average("Average fail load bytes", FailedLoadBytes, FailedLoad);
        if (Duplicates.Count == 0)
            return text.ToString();
        text.Append("Duplicate failed modules:\n").Append(CultureInfo.InvariantCulture, $"{"Module-name",NameWidth}\t{"How-many-times",15}\t{"Reason",25}\n");
        foreach (var duplicate in Duplicates)
            text.Append(CultureInfo.InvariantCulture, $"{duplicate.Module,NameWidth}\t{duplicate.Times,15}\t{TextOf(duplicate.Reason),25}\n");
        return text.ToString();

        void Line(string name, long value) => text.Append(CultureInfo.InvariantCulture, $"{name,NameWidth}\t{value}\n");

        void Average(string name, long bytes, long count)
        {
            if (bytes > 0 && count > 0)
                Line(name, (bytes + count - 1) / count);
        }
    }

    /// <summary>Reads the text of a kernel, this one or a real one. Unknown lines are passed over: later kernels have more.</summary>
    /// <exception cref="FormatException">It is no such text; the message names the line, 1 being the first.</exception>
    public static ModuleStats Parse(string text)
    {
        var values = new Dictionary<string, long>();
        var duplicates = new List<DuplicateFailure>();
        var inList = false;
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (line.Length == 0)
                continue;
            if (line.StartsWith("Duplicate failed modules:", StringComparison.Ordinal))
            {
                inList = true;
                continue;
            }
            var cells = line.Split('\t', StringSplitOptions.TrimEntries);
            if (cells.Length != (inList ? 3 : 2))
                throw new FormatException($"line {number}: not a line of the kernel's module statistics: '{line}'");
            if (inList && cells[0] == "Module-name")
                continue;
            if (!long.TryParse(cells[1], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
                throw new FormatException($"line {number}: '{cells[1]}' is no number");
            if (inList)
                duplicates.Add(new DuplicateFailure(cells[0], value, ReasonOf(cells[2], number)));
            else
                values[cells[0]] = value;
        }
        return new ModuleStats
        {
            EverLoaded = Value("Mods ever loaded"),
            FailedKread = Value("Mods failed on kread"),
            FailedDecompress = Value("Mods failed on decompress"),
            FailedBecoming = Value("Mods failed on becoming"),
            FailedLoad = Value("Mods failed on load"),
            TotalModuleBytes = Value("Total module size"),
            TotalTextBytes = Value("Total mod text size"),
            FailedKreadBytes = Value("Failed kread bytes"),
            FailedDecompressBytes = Value("Failed decompress bytes"),
            FailedBecomingBytes = Value("Failed becoming bytes"),
            FailedLoadBytes = Value("Failed kmod bytes"),
            Duplicates = duplicates,
        };

        long Value(string name) => values.TryGetValue(name, out var value) ? value : throw new FormatException($"no line '{name}': not the kernel's module statistics");
    }

    static string TextOf(DuplicateReason reason) => reason switch
    {
        DuplicateReason.Becoming => "Becoming",
        DuplicateReason.Load => "Load",
        DuplicateReason.Becoming | DuplicateReason.Load => "Becoming & Load",
        _ => throw new ArgumentOutOfRangeException(nameof(reason)),
    };

    static DuplicateReason ReasonOf(string text, int line) => text switch
    {
        "Becoming" => DuplicateReason.Becoming,
        "Load" => DuplicateReason.Load,
        "Becoming & Load" => DuplicateReason.Becoming | DuplicateReason.Load,
        _ => throw new FormatException($"line {line}: unknown reason '{text}'"),
    };
}
