using Drover.Model.Scenarios;

namespace Drover.Model.Kernel;

/// <summary>A module's state (<c>enum module_state</c>), in the order in which it changes.</summary>
public enum ModuleState
{
    /// <summary>In the list and being set up; not in sysfs.</summary>
    Unformed,
    /// <summary>Formed; its init runs or is about to.</summary>
    Coming,
    Live,
    /// <summary>Its init has failed, or it is being removed.</summary>
    Going,
}

/// <summary>A module in the kernel's list. Belongs to the simulation.</summary>
public sealed class KernelModule(ModuleOnDisk file)
{
    public ModuleOnDisk File { get; } = file;
    public string Name => File.Name;
    public ModuleState State { get; set; }

    /// <summary>/sys/module/NAME exists (<c>mod_sysfs_setup</c>).</summary>
    public bool IsInSysfs { get; set; }

    /// <summary>Its uevent "add" was sent, so "remove" will be (<c>state_add_uevent_sent</c>).</summary>
    public bool IsAnnounced { get; set; }

    /// <summary>Modules that use this one; it cannot be removed while there are any.</summary>
    public int Users { get; set; }
}

/// <summary>A module's file. Belongs to the simulation.</summary>
public sealed class ModuleOnDisk(ScenarioModule facts, Inode inode)
{
    public ScenarioModule Facts { get; } = facts;
    public Inode Inode { get; } = inode;
    public string Name => Facts.Name;

    /// <summary>The signature is wrong: EKEYREJECTED.</summary>
    public bool IsRejected { get; set; }

    /// <summary>Not an ELF file of this kernel: ENOEXEC.</summary>
    public bool IsForeign { get; set; }

    /// <summary>The disk cannot read it: EIO.</summary>
    public bool IsUnreadable { get; set; }

    /// <summary>A module that its init requests through the kernel's modprobe (request_module), or null.</summary>
    public string? Requests { get; set; }
}
