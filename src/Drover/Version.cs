using System.Reflection;

namespace Drover;

/// <summary>Which Drover this is.</summary>
static class Version
{
    /// <summary>As the build was told, with the commit it was built from: <c>0.1.0+9ae5c06…</c>.</summary>
    public static string Text => typeof(Version).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
