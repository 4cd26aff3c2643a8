using System.Globalization;

namespace Drover.Model;

/// <summary>Which gate a kernel has, by its release. Stateless; safe for any thread.</summary>
public static class KernelGates
{
    /// <summary>
    /// None up to 6.3, the early check in 6.4 (064f4536d139), idempotent from 6.5 (9b9879fc0327); null where the text begins with no version. What a distribution has taken back into an
    /// older kernel does not show in its release. 9828ed3f695a was in no release.
    /// </summary>
    /// <param name="release">As <c>uname -r</c> prints it.</param>
    public static GateKind? Of(string release)
    {
        var parts = release.Split('.', '-', '+', '~');
        if (parts.Length < 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor))
            return null;
        return (major, minor) switch
        {
            ( < 6, _) or (6, < 4) => GateKind.None,
            (6, 4) => GateKind.EarlyCheck,
            _ => GateKind.Idempotent,
        };
    }
}
