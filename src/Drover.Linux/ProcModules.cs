using System.Globalization;
using System.Text;
using Drover.Loading;

namespace Drover.Linux;

/// <summary>A module as /proc/modules shows it.</summary>
/// <param name="Name">Normalised name.</param>
/// <param name="Bytes">Memory it takes, in bytes.</param>
/// <param name="References">Who holds it; null where the kernel cannot unload (no CONFIG_MODULE_UNLOAD).</param>
/// <param name="Users">The modules that use it.</param>
/// <param name="Permanent">It has no exit function and stays.</param>
/// <param name="State"><see cref="InitState.Live"/>, <see cref="InitState.Coming"/> or <see cref="InitState.Going"/>.</param>
/// <param name="Address">Where it lies; 0 for readers without privilege.</param>
/// <param name="Taints">Its taint letters, or empty.</param>
public sealed record ProcModule(
    string Name, long Bytes, int? References, IReadOnlyList<string> Users, bool Permanent, InitState State, ulong Address, string Taints);

/// <summary>The list of modules in the kernel, the newest first. Stateless; safe for any thread.</summary>
public static class ProcModules
{
    /// <summary>All modules, or null where the kernel has no such list (no CONFIG_MODULES, or no /proc).</summary>
    /// <param name="root">Stands before <c>/proc</c>: another machine's, recorded.</param>
    /// <exception cref="IOException">The list is there and cannot be read.</exception>
    public static IReadOnlyList<ProcModule>? Read(string root = "")
    {
        var path = $"{root}/proc/modules";
        return File.Exists(path) ? Parse(File.ReadAllText(path, Encoding.Latin1)) : null;
    }

    /// <summary>The modules of a text in the format of /proc/modules; lines that are not of it are left out.</summary>
    public static IReadOnlyList<ProcModule> Parse(string text)
    {
        var modules = new List<ProcModule>();
        foreach (var line in text.Split('\n'))
        {
            if (TryParseLine(line, out var module))
            {
                modules.Add(module);
            }
        }

        return modules;
    }

    // kernel: m_show prints "NAME SIZE", print_unload_info " REFS USER,USER,[permanent]," or " - -", then " STATE 0xADDRESS" and " (TAINTS)" where it has some.
    static bool TryParseLine(string line, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ProcModule? module)
    {
        module = null;
        var fields = line.Split(' ');
        if (fields.Length is not (6 or 7) || fields[0].Length == 0 ||
            !long.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ||
            StateOf(fields[4]) is not { } state ||
            !fields[5].StartsWith("0x", StringComparison.Ordinal) ||
            !ulong.TryParse(fields[5].AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var address))
        {
            return false;
        }

        int? references = null;
        if (fields[2] != "-")
        {
            // −1 is printed for a module that is being unloaded (kernel: module_refcount)
            if (!int.TryParse(fields[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count))
            {
                return false;
            }

            references = count;
        }

        var users = fields[3] == "-" ? [] : fields[3].Split(',', StringSplitOptions.RemoveEmptyEntries).ToList();
        var permanent = users.Remove("[permanent]");
        module = new(fields[0], bytes, references, users, permanent, state, address, fields.Length == 7 ? fields[6].Trim('(', ')') : "");
        return true;
    }

    static InitState? StateOf(string word) => word switch
    {
        "Live" => InitState.Live,
        "Loading" => InitState.Coming,
        "Unloading" => InitState.Going,
        _ => null,
    };
}
