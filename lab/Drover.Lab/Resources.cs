using System.Reflection;

namespace Drover.Lab;

/// <summary>The files of the lab that travel inside the program: the guests' scripts, the gates kernel's config and patch.</summary>
static class Resources
{
    public static string Init => Read("init");

    /// <summary>What every guest begins and ends with.</summary>
    public static string Common => Read("common");

    /// <summary>lab/tools' init, and the two files it reads.</summary>
    public static string Tools => Read("tools");

    public static string ToolsCases => Read("tools-cases");

    public static string ToolsHerd => Read("tools-herd");

    /// <summary>lab/torture's init.</summary>
    public static string Torture => Read("torture");

    /// <summary>lab/install's init of the guest that prepares a disk, and what the disk runs at each boot.</summary>
    public static string InstallPrepare => Read("install-prepare");

    public static string InstallBoot => Read("install-boot");

    public static string GatesConfig => Read("gates.config");

    public static string GatesPatch => Read("gates.patch");

    static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the program was built without its resource {name}");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
