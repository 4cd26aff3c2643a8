namespace Drover.Devices.Control;

/// <summary>The errors that are replied, as the interfaces name them.</summary>
public static class ControlErrors
{
    public const string InterfaceNotFound = "org.varlink.service.InterfaceNotFound";
    public const string MethodNotFound = "org.varlink.service.MethodNotFound";
    public const string MethodNotImplemented = "org.varlink.service.MethodNotImplemented";
    public const string InvalidParameter = "org.varlink.service.InvalidParameter";
    public const string PermissionDenied = "org.varlink.service.PermissionDenied";
    public const string ExpectedMore = "org.varlink.service.ExpectedMore";
    public const string DamagedIndex = "io.drover.Loader.DamagedIndex";
    public const string ReloadFailed = "io.drover.Loader.ReloadFailed";
}
