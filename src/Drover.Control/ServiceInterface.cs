using System.Text.Json;
using Drover.Text;

namespace Drover.Control;

/// <summary>The interfaces of the socket and their descriptions, which are embedded in the assembly.</summary>
public static class VarlinkInterfaces
{
    public const string Service = "org.varlink.service";
    public const string Loader = "io.drover.Loader";

    public static IReadOnlyList<string> All { get; } = [Service, Loader];

    /// <summary>The description of an interface; null for an unknown one.</summary>
    public static string? DescriptionOf(string name)
    {
        if (!All.Contains(name))
            return null;
        using var text = new StreamReader(typeof(VarlinkInterfaces).Assembly.GetManifestResourceStream(name)!);
        return text.ReadToEnd();
    }
}

/// <summary>org.varlink.service: what every Varlink service answers about itself.</summary>
sealed class ServiceInterface(string version)
{
    public void Answer(string method, VarlinkResponder responder)
    {
        switch (method)
        {
            case "GetInfo":
                if (responder.AcceptsNoParameters())
                    responder.Reply(WriteInfo);
                break;
            case "GetInterfaceDescription":
                Describe(responder);
                break;
            default:
                responder.Error(VarlinkErrors.MethodNotFound, "method", method);
                break;
        }
    }

    void WriteInfo(Utf8JsonWriter json)
    {
        json.WriteString("vendor"u8, "The Drover authors");
        json.WriteString("product"u8, "Drover");
        json.WriteString("version"u8, version);
        json.WriteString("url"u8, "");
        json.WriteStrings("interfaces", VarlinkInterfaces.All);
    }

    static void Describe(VarlinkResponder responder)
    {
        var parameters = new ParameterReader(responder.Call, "interface");
        var name = parameters.RequiredText("interface", ControlLimits.MaxNameBytes);
        if (!responder.Accepts(parameters))
            return;
        if (VarlinkInterfaces.DescriptionOf(name) is { } text)
            responder.Reply(json => json.WriteString("description"u8, text));
        else
            responder.Error(VarlinkErrors.InterfaceNotFound, "interface", name);
    }
}
