namespace Drover.Loading;

/// <summary>How much of what belongs to a module comes with it when it is asked for.</summary>
public enum LoadScope
{
    /// <summary>Hard dependencies, softdeps, and the install command in the load's place where there is one.</summary>
    Full,

    /// <summary>The module itself and its hard dependencies: neither its own install command nor its softdeps (modprobe --ignore-install). Its dependencies come in full.</summary>
    WithoutCommand,

    /// <summary>Nothing but the file (insmod).</summary>
    Alone,
}

/// <summary>What the kernel is not to check; the numbers are the kernel's (include/uapi/linux/module.h).</summary>
[Flags]
public enum IgnoredChecks
{
    None = 0,

    /// <summary>MODULE_INIT_IGNORE_MODVERSIONS: the checksums of the symbols it uses.</summary>
    Modversions = 1,

    /// <summary>MODULE_INIT_IGNORE_VERMAGIC: the kernel it was built for.</summary>
    Vermagic = 2,
}
