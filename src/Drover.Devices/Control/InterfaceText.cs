namespace Drover.Devices.Control;

/// <summary>The interfaces and their texts, as they are in the assembly. Stateless; safe for any thread.</summary>
public static class InterfaceText
{
    public const string Service = "org.varlink.service";
    public const string Loader = "io.drover.Loader";

    /// <summary>Every interface of the socket.</summary>
    public static IReadOnlyList<string> All { get; } = [Service, Loader];

    /// <summary>The text of an interface; null where there is none of that name.</summary>
    public static string? Of(string name)
    {
        if (!All.Contains(name))
            return null;
        using var text = new StreamReader(typeof(InterfaceText).Assembly.GetManifestResourceStream(name)!);
        return text.ReadToEnd();
    }
}
