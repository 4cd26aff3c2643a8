using Drover.Lab.Guest;
using Drover.Lab.Install;
using Drover.Lab.Reading;

namespace Drover.Lab.Boots;

enum BootLoader
{
    Udev, // Debian as it is
    Drover, // after drover install
    Record, // the same with the record of an earlier boot, in the initramfs and in the root file system
}

/// <summary>One boot of a disk that is memory, from the kernel's start until all devices have settled.</summary>
/// <param name="PeakBytes">The peak of MemTotal − MemAvailable, twenty times a second from the initramfs' first script
/// to the end, initramfs included.</param>
sealed record WholeBoot(BootLoader Loader, int Seed, BootTimes Times, BootReport Report, long PeakBytes)
{
    /// <summary>The journal's messages of modules that the policy forbade, after the initramfs.</summary>
    public IReadOnlyList<string> Refusals { get; init; } = [];

    /// <exception cref="LabException">A part of the results is missing.</exception>
    public static WholeBoot Read(BootLoader loader, int seed, GuestResult result)
    {
        try
        {
            return new(
                loader, seed, BootTimes.Of(result.Required("trace"), result.Required("multi-user")),
                BootReport.Read(loader.ToString(), result),
                Math.Max(Peak("peak.initramfs"), Peak("peak")))
            {
                Refusals = [.. GuestFacts.Lines(result.Text("refused") ?? "")],
            };

            long Peak(string file) => GuestFacts.Kilobytes(result.Required(file));
        }
        catch (FormatException problem)
        {
            throw new LabException($"the guest's results cannot be read: {problem.Message} (--raw keeps them)");
        }
    }
}
