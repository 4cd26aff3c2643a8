namespace Drover.Linux.Sysfs;

/// <summary>What a look at all devices came upon. Written by the enumeration, on its thread.</summary>
public sealed class SysfsCounts
{
    /// <summary>More than the largest machines have by a factor of ten; a tree that has more is not a sysfs.</summary>
    public const int MaxDevices = 1 << 20;

    /// <summary>A device has fewer than four directories of its own on the machines that were looked at.</summary>
    public const int MaxDirectories = 4 * MaxDevices;

    /// <summary>Directories read.</summary>
    public int Directories { get; internal set; }

    /// <summary>Devices found.</summary>
    public int Devices { get; internal set; }

    /// <summary>Devices that came up again under another subsystem or name, and were left out then.</summary>
    public int Repeated { get; internal set; }

    /// <summary>Directories and uevent files that could not be read, were too large, or were not regular files; left out.</summary>
    public int Unreadable { get; internal set; }

    /// <summary>A limit was met, and the rest not looked at.</summary>
    public bool Truncated { get; internal set; }
}
