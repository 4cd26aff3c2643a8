using System.Runtime.InteropServices;
using System.Text;

namespace Drover.Modules.Depmod;

/// <summary>The order of modules in all files: that of modules.order, behind those the ones it does not name, as kmod's table of modules has them (kmod: <c>depmod_modules_sort</c>). Stateless.</summary>
internal static class ModuleOrder
{
    const string FileName = "modules.order";

    /// <summary>The modules in their order, each told its <see cref="FoundModule.Index"/>.</summary>
    public static FoundModule[] Sort(IEnumerable<FoundModule> modules, string directory, IDepmodReport report)
    {
        var lines = ReadLines(directory, report);
        var sorted = modules
            .Select(module => (Module: module, Line: module.OrderPath is { } path ? lines.GetValueOrDefault(path, int.MaxValue) : int.MaxValue, Bucket: KmodHash.Of(module.NameBytes) % KmodHash.ModuleBuckets))
            .ToArray();
        Array.Sort(sorted, static (a, b) =>
        {
            var order = a.Line.CompareTo(b.Line);
            if (order == 0)
                order = a.Bucket.CompareTo(b.Bucket);
            return order != 0 ? order : a.Module.NameBytes.AsSpan().SequenceCompareTo(b.Module.NameBytes);
        });
        for (var i = 0; i < sorted.Length; i++)
            sorted[i].Module.Index = i;
        return Array.ConvertAll(sorted, entry => entry.Module);
    }

    /// <summary>The line on which a path stands last; none where the file is missing or its last line has no end.</summary>
    static Dictionary<string, int> ReadLines(string directory, IDepmodReport report)
    {
        var lines = new Dictionary<string, int>();
        if (ModuleDirectoryFile.Read(directory, FileName, report.Say) is not { } content)
            return lines;
        var text = new Tree.TextLines(content);
        var number = 0;
        while (text.MoveNext())
            lines[Encoding.UTF8.GetString(text.Current)] = ++number;
        if (content.Length == 0 || content[^1] == '\n')
            return lines;
        report.Say(DepmodSeverity.Error, $"{directory}/{FileName}:{number} corrupted line misses '\\n'");
        return [];
    }
}

/// <summary>Files of the module directory that others wrote and depmod reads. Stateless.</summary>
internal static class ModuleDirectoryFile
{
    /// <summary>All of it, or null: then it has been told why not.</summary>
    public static byte[]? Read(string directory, string name, Action<DepmodSeverity, string> say)
    {
        try
        {
            return File.ReadAllBytes($"{directory}/{name}");
        }
        catch (Exception problem) when (FileProblem.ErrnoOf(problem) is { } errno)
        {
            say(DepmodSeverity.Warning, $"could not open {name} at {directory}: {Marshal.GetPInvokeErrorMessage(errno)}");
            return null;
        }
    }
}
