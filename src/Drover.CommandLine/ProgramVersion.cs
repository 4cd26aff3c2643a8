namespace Drover.CommandLine;

public static partial class ProgramVersion
{
    /// <summary>The version and the commit it was built from: <c>0.1.0+9ae5c06…</c>.</summary>
    public static string Text => InformationalVersion;
}
