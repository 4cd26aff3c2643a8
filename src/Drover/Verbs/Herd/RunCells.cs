using System.Globalization;
using Drover.Cli;
using Drover.Loading;
using Drover.Model;
using Drover.Output;

namespace Drover.Verbs.Herd;

/// <summary>A run's figures for people, as the tables on the terminal and in the HTML report have them. Stateless.</summary>
static class RunCells
{
    /// <summary>More names than these are only counted.</summary>
    const int MostNames = 4;

    public static long CallsOf(HerdResult result) => result.Calls.Values.Sum();

    /// <summary>Errnos in their order, success first: <c>21 ok, 138 EEXIST</c>; a dash where nobody called.</summary>
    public static string ByErrno(HerdResult result)
    {
        var calls = Ordered(result).Where(calls => calls.Value > 0).Select(calls => $"{calls.Value} {(calls.Key is Errno.None ? "ok" : ErrnoText.Name(calls.Key))}").ToList();
        return calls.Count > 0 ? string.Join(", ", calls) : "-";
    }

    public static IEnumerable<KeyValuePair<Errno, long>> Ordered(HerdResult result) => result.Calls.OrderBy(calls => calls.Key);

    public static string Wasted(HerdResult result) => ByteSize.Format(result.WastedBytes);

    public static string Peak(HerdResult result) => ByteSize.Format(result.PeakBytes);

    /// <summary>In seconds; how far it came, in brackets, where the boot failed.</summary>
    public static string Seconds(HerdResult result)
    {
        var seconds = result.BootSeconds.ToString("0.00", CultureInfo.InvariantCulture);
        return result.Booted ? seconds : $"({seconds})";
    }

    /// <summary>How many modules are missing, with the first names; or why it did not boot.</summary>
    public static string Missing(HerdResult result)
    {
        if (!result.Booted)
            return $"does not boot: {PlainText.Of(result.WhyNotBooted ?? "no reason told").TrimEnd('.')}";
        var count = result.Missing.Count.ToString(CultureInfo.InvariantCulture);
        return result.Missing.Count == 0 ? count : $"{count}: {Names(result.Missing)}";
    }

    /// <summary><c>a, b, c, d and 3 more</c>.</summary>
    public static string Names(IReadOnlyList<string> names)
    {
        var shown = PlainText.Of(string.Join(", ", names.Take(MostNames)));
        return names.Count > MostNames ? $"{shown} and {names.Count - MostNames} more" : shown;
    }
}
