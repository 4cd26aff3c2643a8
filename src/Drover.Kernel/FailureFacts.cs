namespace Drover.Kernel;

/// <summary>What a machine knows about a load that has failed.</summary>
public sealed record FailureFacts
{
    /// <summary>The kernel's own lines about it, without their time, the oldest first.</summary>
    public IReadOnlyList<string> Lines { get; init; } = [];

    /// <summary>The fields of modinfo, in their order; empty where the file cannot be read.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Info { get; init; } = [];

    /// <summary>The running kernel's release.</summary>
    public string Release { get; init; } = "";

    /// <summary>The kernel's command line.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary><c>/sys/module/module/parameters/sig_enforce</c> is Y.</summary>
    public bool EnforcesSignatures { get; init; }

    /// <summary>The mode of lockdown, such as <c>integrity</c>; null for none.</summary>
    public string? Lockdown { get; init; }

    /// <summary>LoadPin is on (<c>/proc/sys/kernel/loadpin/enforce</c>).</summary>
    public bool IsPinned { get; init; }

    /// <summary>kernel.modules_disabled is 1.</summary>
    public bool IsDisabled { get; init; }

    /// <summary><c>/proc/keys</c>: the keys of the kernel that this process may see; null if it cannot be
    /// read.</summary>
    public string? Keys { get; init; }

    /// <summary>Memory available without swapping, in bytes.</summary>
    public long AvailableBytes { get; init; }

    /// <summary>A field of modinfo; null without it.</summary>
    public string? InfoOf(string key) => AllOf(key) is [var value, ..] ? value : null;

    /// <summary>All values of some fields of modinfo.</summary>
    public IReadOnlyList<string> AllOf(params ReadOnlySpan<string> keys)
    {
        var values = new List<string>(); // no LINQ: it would be compiled for these pairs
        foreach (var (name, value) in Info)
        {
            if (keys.Contains(name))
                values.Add(value);
        }
        return values;
    }
}
