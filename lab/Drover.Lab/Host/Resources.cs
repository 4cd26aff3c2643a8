using System.Reflection;

namespace Drover.Lab.Host;

/// <summary>The files of <c>lab/guest</c> and <c>lab/kernel</c>, embedded in the program: all guests of one invocation
/// run the same scripts, even while they are edited.</summary>
static class Resources
{
    /// <param name="name">The file's name without its folder.</param>
    public static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the program has no resource {name}");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
