namespace Drover.Devices;

/// <summary>
/// Modules that udev loads for a device beside its modalias: the rest of its <c>80-drivers.rules</c> (systemd 252). Subsystems whose drivers the kernel cannot
/// name by a modalias.
/// </summary>
static class ImpliedModules
{
    public static IReadOnlyList<string> For(DeviceEvent device) => device.Subsystem switch
    {
        "memstick" => ["ms_block", "mspro_block"],
        "tifm" when Has(device, "TIFM_CARD_TYPE=SD") => ["tifm_sd"],
        "tifm" when Has(device, "TIFM_CARD_TYPE=MS") => ["tifm_ms"],
        "i2o" => ["i2o_block"],
        "module" when device.DevPath is "/module/parport_pc" => ["ppdev"],
        "mtd" when device.DevPath.EndsWith("ro", StringComparison.Ordinal) && Has(device, "MTD_FTL=smartmedia") => ["sm_ftl"],
        _ => [],
    };

    static bool Has(DeviceEvent device, string property) => device.Properties.Contains(property);
}
