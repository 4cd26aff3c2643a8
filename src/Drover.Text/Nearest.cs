namespace Drover.Text;

/// <summary>Suggests a known word for a mistyped one.</summary>
public static class Nearest
{
    /// <summary><c>; did you mean 'X'?</c>, or an empty string if no candidate is close enough.</summary>
    /// <param name="prefix">Printed before the candidate in the hint.</param>
    public static string Hint(string typed, IEnumerable<string> candidates, string prefix = "")
    {
        var nearest = candidates.MinBy(candidate => Rank(typed, candidate));
        return nearest is not null && Rank(typed, nearest) <= Math.Max(1, nearest.Length / 3)
            ? $"; did you mean '{prefix}{nearest}'?"
            : "";
    }

    /// <summary>A prefix of the candidate ranks before any typo.</summary>
    static int Rank(string typed, string candidate) =>
        typed.Length > 0 && candidate.StartsWith(typed, StringComparison.Ordinal) ? 0 : Distance(typed, candidate);

    /// <summary>The optimal string alignment distance.</summary>
    static int Distance(string a, string b)
    {
        var distance = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            distance[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            distance[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var substitution = distance[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                var least = Math.Min(substitution, 1 + Math.Min(distance[i - 1, j], distance[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    least = Math.Min(least, distance[i - 2, j - 2] + 1);
                distance[i, j] = least;
            }
        }
        return distance[a.Length, b.Length];
    }
}
