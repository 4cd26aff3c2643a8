using Drover.Lab.Prepare;

namespace Drover.Lab.Install;

/// <summary>A file system whose module's init sleeps for three seconds (guest/slowfs.c).</summary>
static class SlowModule
{
    public const string File = $"{Name}.ko";

    /// <summary>For the kernel's command line: systemd mounts it (systemd-fstab-generator(8), since 254).</summary>
    public const string Mount = $"systemd.mount-extra=slow:/slow:{Name}:nofail";

    const string Name = "slowfs";

    /// <summary>The module's file in the cache.</summary>
    /// <inheritdoc cref="BuiltModule.PrepareAsync"/>
    public static Task<string> PrepareAsync(LabHost host, GuestSystem system) =>
        BuiltModule.PrepareAsync(host, system, Name);
}
