namespace Drover.Modules;

/// <summary>Paths into another system's root: its links lead where they lead there, as after chroot(2).</summary>
public static class RootedPath
{
    const int MaxLinks = 40; // kernel: MAXSYMLINKS

    /// <summary>As <see cref="Resolve"/>, where to read: the path itself if nothing is there, as some distributions
    /// make trees of links to what this machine has.</summary>
    /// <inheritdoc cref="Resolve"/>
    public static string Find(string? root, string path) =>
        Resolve(root, path) is var real && real != path && SystemFiles.Current.KindOf(real) is not null ? real : path;

    /// <summary>The file of this machine that a path below a root means. The path itself if its links lead to the same
    /// file here and there, if they form a loop, or if it is not below the root.</summary>
    /// <param name="root">The other system's root; null, empty or <c>/</c> for this machine.</param>
    /// <param name="path">Begins with the root.</param>
    public static string Resolve(string? root, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var top = root?.TrimEnd('/') ?? "";
        if (top.Length == 0 || !path.StartsWith(top, StringComparison.Ordinal) || path[top.Length..] is not ['/', ..])
            return path;
        var (real, links, differs) = (top, 0, false);
        var names = new Stack<string>();
        Push(path[top.Length..]);
        while (names.TryPop(out var name))
        {
            if (name == "..")
            {
                differs |= real.Length == top.Length;
                real = real[..Math.Max(top.Length, real.LastIndexOf('/'))];
                continue;
            }
            if (SystemFiles.Current.LinkTarget($"{real}/{name}") is not { } target)
            {
                real = $"{real}/{name}";
                continue;
            }
            if (++links > MaxLinks)
                return path;
            if (target.StartsWith('/'))
                (real, differs) = (top, true);
            Push(target);
        }
        return differs ? real : path;

        void Push(string part)
        {
            foreach (var name in part.Split('/').Reverse().Where(name => name is not ("" or ".")))
                names.Push(name);
        }
    }
}
