namespace Drover.Model;

/// <summary>
/// What a module's init takes where nobody has measured it: a line through the medians of the 38 modules that the lab's 6.1 guest loads, its times divided by 20.
/// Three of four lie within a factor of 2.5 of it; ciphers that test themselves take up to 20 times as long.
/// </summary>
static class InitEstimate
{
    const double BaseNs = 550_000, NsPerByte = 20;

    /// <summary>0.55 ms, and 20 ns for each byte of the image.</summary>
    public static long Ns(long imageBytes) => (long)(BaseNs + (NsPerByte * imageBytes));
}
