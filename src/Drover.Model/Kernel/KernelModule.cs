namespace Drover.Model;

/// <summary>A module's state in the kernel's list (<c>enum module_state</c>); a module that is not in the list has none.</summary>
public enum ModuleState
{
    /// <summary>In the list, being set up; sysfs does not show it yet.</summary>
    Unformed,

    /// <summary>Formed; its init runs or is about to.</summary>
    Coming,

    Live,

    /// <summary>Its init failed, or it is being removed.</summary>
    Going,
}

/// <summary>A module in the kernel's list. One owner, the simulation.</summary>
/// <param name="file">From which it was loaded.</param>
public sealed class KernelModule(ModuleOnDisk file)
{
    public ModuleOnDisk File { get; } = file;

    public string Name => File.Facts.Name;

    public ModuleState State { get; set; }

    /// <summary>/sys/module/NAME is there (<c>mod_sysfs_setup</c>).</summary>
    public bool IsInSysfs { get; set; }

    /// <summary>Its uevent "add" was sent: when it goes, "remove" will be (<c>state_add_uevent_sent</c>).</summary>
    public bool IsAnnounced { get; set; }

    /// <summary>Modules that use this one: it cannot be removed.</summary>
    public int Users { get; set; }
}

/// <summary>A module's file and what is in it. One owner, the simulation.</summary>
public sealed class ModuleOnDisk(ScenarioModule facts, string path)
{
    /// <summary>Its sizes, dependencies and times.</summary>
    public ScenarioModule Facts { get; } = facts;

    /// <summary>The file.</summary>
    public Inode Inode { get; } = new(path);

    /// <summary>The signature is wrong: EKEYREJECTED.</summary>
    public bool IsRejected { get; set; }

    /// <summary>Not an ELF file of this kernel: ENOEXEC.</summary>
    public bool IsForeign { get; set; }

    /// <summary>The disk cannot read it: EIO.</summary>
    public bool IsUnreadable { get; set; }

    /// <summary>A module that this one's init asks for, through the kernel's own modprobe (request_module); null for none.</summary>
    public string? Requests { get; set; }
}
