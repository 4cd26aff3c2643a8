using System.Text.Json;

namespace Drover.Devices.Control;

/// <summary>org.varlink.service: what every Varlink service answers about itself. Immutable.</summary>
internal sealed class ServiceInterface(string version)
{
    public void Answer(string method, ControlAnswer answer)
    {
        switch (method)
        {
            case "GetInfo":
                if (answer.IsWell(new ParameterReader(answer.Call)))
                    answer.Reply(WriteInfo);
                break;
            case "GetInterfaceDescription":
                Describe(answer);
                break;
            default:
                answer.Error(ControlErrors.MethodNotFound, "method", method);
                break;
        }
    }

    void WriteInfo(Utf8JsonWriter json)
    {
        json.WriteString("vendor"u8, "The Drover authors");
        json.WriteString("product"u8, "Drover");
        json.WriteString("version"u8, version);
        json.WriteString("url"u8, "");
        json.WriteStartArray("interfaces"u8);
        foreach (var name in InterfaceText.All)
            json.WriteStringValue(name);
        json.WriteEndArray();
    }

    static void Describe(ControlAnswer answer)
    {
        var parameters = new ParameterReader(answer.Call, "interface");
        var name = parameters.RequiredText("interface", ControlLimits.MaxNameBytes);
        if (!answer.IsWell(parameters))
            return;
        if (InterfaceText.Of(name) is { } text)
            answer.Reply(json => json.WriteString("description"u8, text));
        else
            answer.Error(ControlErrors.InterfaceNotFound, "interface", name);
    }
}
