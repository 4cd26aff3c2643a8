using System.Text.Json;
using Drover.Lab.Boots;
using Drover.Lab.Host;
using Drover.Lab.Install;
using Drover.Lab.Reading;

namespace Drover.Lab.Tests.Boots;

public sealed class WholeBootTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("lab-boot").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A resumed comparison takes a saved boot in place of a new one: nothing may be lost.</summary>
    [Fact]
    public void A_saved_boot_is_read_as_it_was()
    {
        var report = new BootReport(
            "drover", [new ModuleCall("finit_module", "ext4", "0", 7, "kernel call", 1.5, 0.25, null, 0.125)], ["ext4"],
            0, 40.5, ["a.service"], Active: true, null, 0, new Dictionary<string, double> { ["drover"] = 9e6 })
        {
            Unrecorded = 3,
        };
        var boot = new WholeBoot(BootLoader.Record, 2, new BootTimes(3, 4, 5, 6, 7), report, 300_000_000)
        {
            Refusals = ["dccp: forbidden by /etc/drover/policy.d/lab.conf:3"],
        };
        var file = Path.Combine(_folder, "sub", "boot.json");

        ReportFile.Write(file, boot);

        Assert.Equivalent(boot, ReportFile.ReadIfPresent<WholeBoot>(file), strict: true);
    }

    [Fact]
    public void A_boot_of_an_older_lab_is_booted_again()
    {
        var file = Path.Combine(_folder, "boot.json");
        Assert.Null(ReportFile.ReadIfPresent<WholeBoot>(file));
        File.WriteAllText(file, """{"loader": 1, "seed": 1}""");
        Assert.Throws<JsonException>(() => ReportFile.Read<WholeBoot>(file));
        Assert.Null(ReportFile.ReadIfPresent<WholeBoot>(file));
    }
}
