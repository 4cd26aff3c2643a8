namespace Drover.Model;

/// <summary>What a module's init takes where nobody has measured it.</summary>
static class InitEstimate
{
    const double BaseNs = 300_000, NsPerByte = 10;

    /// <summary>0.3 ms, and 10 ns for each byte of the image.</summary>
    public static long Ns(long imageBytes) => (long)(BaseNs + (NsPerByte * imageBytes));
}
