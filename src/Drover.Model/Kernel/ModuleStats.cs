using System.Text;

namespace Drover.Model.Kernel;

/// <summary>The check that found a duplicate (<c>enum fail_dup_mod_reason</c>). A set.</summary>
[Flags]
public enum DuplicateReason
{
    None = 0,
    /// <summary>By the early check, after one allocation.</summary>
    Becoming = 1,
    /// <summary>By the check before it is added to the list of modules, after two allocations.</summary>
    Load = 2,
}

/// <summary>A module that was loaded again while it was live or coming.</summary>
public sealed record DuplicateFailure(string Module, long Times, DuplicateReason Reason);

/// <summary>The counters of CONFIG_MODULE_STATS (kernel/module/stats.c) since boot, sizes in bytes.
/// <see cref="ToText"/> is the text of /sys/kernel/debug/modules/stats, byte for byte;
/// <see cref="Parse"/> reads it.</summary>
public sealed record ModuleStats
{
    const int NameWidth = 25;

    public long EverLoaded { get; init; }
    /// <summary>Calls that failed while the file was read.</summary>
    public long FailedKread { get; init; }
    /// <summary>Calls that failed while it was decompressed.</summary>
    public long FailedDecompress { get; init; }
    /// <summary>Calls that failed after that and before the layout.</summary>
    public long FailedBecoming { get; init; }
    /// <summary>Calls that failed later, before the module's init.</summary>
    public long FailedLoad { get; init; }
    /// <summary>Images of all modules ever loaded.</summary>
    public long TotalModuleBytes { get; init; }
    /// <summary>Their text.</summary>
    public long TotalTextBytes { get; init; }
    /// <summary>Bytes allocated by the calls that failed at each place.</summary>
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
        text.Append("Duplicate failed modules:\n");
        Row("Module-name", "How-many-times", "Reason");
        foreach (var duplicate in Duplicates)
            Row(duplicate.Module, duplicate.Times.ToString(CultureInfo.InvariantCulture), TextOf(duplicate.Reason));
        return text.ToString();

        void Line(string name, long value) => text.Append(CultureInfo.InvariantCulture, $"{name,NameWidth}\t{value}\n");

        void Row(string module, string times, string reason) =>
            text.Append($"{module,NameWidth}\t{times,15}\t{reason,25}\n");

        void Average(string name, long bytes, long count)
        {
            if (bytes > 0 && count > 0)
                Line(name, (bytes + count - 1) / count);
        }
    }

    /// <summary>Reads the text of a kernel. Ignores unknown lines, as later kernels have more.</summary>
    /// <exception cref="FormatException">Not such a text; the message names the line, from 1.</exception>
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
                throw new FormatException($"line {number}: '{cells[1]}' is not a number");
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

        long Value(string name) => values.TryGetValue(name, out var value)
            ? value
            : throw new FormatException($"no line '{name}': not the kernel's module statistics");
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

/// <summary>Counts as the kernel does for <see cref="ModuleStats"/>. Belongs to the simulation.</summary>
public sealed class StatsCounter
{
    readonly List<DuplicateFailure> _duplicates = [];
    ModuleStats _stats = new();

    public ModuleStats Snapshot() => _stats with { Duplicates = [.. _duplicates] };

    /// <summary>The counters without a copy of the duplicates.</summary>
    internal ModuleStats Current => _stats;
    public long WastedBytes => _stats.WastedBytes;

    /// <summary><c>mod_stat_inc(&amp;failed_kreads)</c>.</summary>
    public void KreadFailed(long bytes) => _stats = _stats with
    {
        FailedKread = _stats.FailedKread + 1,
        FailedKreadBytes = _stats.FailedKreadBytes + bytes,
    };

    public void DecompressFailed(long bytes) => _stats = _stats with
    {
        FailedDecompress = _stats.FailedDecompress + 1,
        FailedDecompressBytes = _stats.FailedDecompressBytes + bytes,
    };

    /// <summary><c>mod_stat_bump_becoming</c>: the copy of the file, and the compressed file.</summary>
    public void BecomingFailed(long bytes, long compressedBytes) => _stats = _stats with
    {
        FailedBecoming = _stats.FailedBecoming + 1,
        FailedBecomingBytes = _stats.FailedBecomingBytes + bytes,
        FailedDecompressBytes = _stats.FailedDecompressBytes + compressedBytes,
    };

    /// <summary><c>mod_stat_bump_invalid</c>: the file's copy, and the image, counted as large as the file.</summary>
    public void LoadFailed(long bytes, long compressedBytes) => _stats = _stats with
    {
        FailedLoad = _stats.FailedLoad + 1,
        FailedLoadBytes = _stats.FailedLoadBytes + (2 * bytes),
        FailedDecompressBytes = _stats.FailedDecompressBytes + compressedBytes,
    };

    public void Loaded(long imageBytes, long textBytes) => _stats = _stats with
    {
        EverLoaded = _stats.EverLoaded + 1,
        TotalModuleBytes = _stats.TotalModuleBytes + imageBytes,
        TotalTextBytes = _stats.TotalTextBytes + textBytes,
    };

    /// <summary><c>try_add_failed_module</c>.</summary>
    public void Duplicate(string module, DuplicateReason reason)
    {
        var known = _duplicates.FindIndex(duplicate => duplicate.Module == module);
        if (known < 0)
        {
            _duplicates.Insert(0, new DuplicateFailure(module, 1, reason));
            return;
        }
        var before = _duplicates[known];
        _duplicates[known] = before with { Times = before.Times + 1, Reason = before.Reason | reason };
    }
}
