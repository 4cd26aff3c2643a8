using Drover.Modules;
using Drover.Study.Recordings;

namespace Drover.Study.Boot;

/// <summary>Names of devices as people know them, from pci.ids and usb.ids where they are installed, else from udev's
/// hardware database.</summary>
/// <param name="sys">The sysfs with the devices' modaliases.</param>
/// <param name="query">What <c>systemd-hwdb query</c> prints of a modalias.</param>
/// <param name="directories">Where the lists may be.</param>
sealed class DeviceNames(string sys, Func<string, string> query, params IReadOnlyList<string> directories)
{
    /// <summary>This machine's.</summary>
    public static DeviceNames OfThisMachine() =>
        new("/sys", modalias => Programs.Output("systemd-hwdb", "query", modalias), s_places);

    /// <summary>Debian's and Fedora's places.</summary>
    static readonly string[] s_places = ["/usr/share/misc", "/usr/share/hwdata"];

    readonly Dictionary<string, string[]> _lists = new(StringComparer.Ordinal);
    readonly Dictionary<string, string?> _queried = new(StringComparer.Ordinal);

    /// <summary>The maker and name of the device that requested a load; null if unknown.</summary>
    public string? Of(RecordedCall call)
    {
        var modalias = call.Request;
        if (modalias?.Contains(':') != true && call.Requester is ['/', ..] device)
        {
            var file = $"{sys}{device}/modalias";
            modalias = SystemFiles.Current.IsFile(file)
                ? ByteText.Of(SystemFiles.Current.ReadRegular(file)).Trim()
                : null;
        }
        // pci:v0000VVVVd0000DDDD…, usb:vVVVVpPPPP…
        var listed = modalias switch
        {
            ['p', 'c', 'i', ':', 'v', ..] when modalias.Length >= 22 =>
                Find("pci.ids", modalias[9..13], modalias[18..22]),
            ['u', 's', 'b', ':', 'v', ..] when modalias.Length >= 14 =>
                Find("usb.ids", modalias[5..9], modalias[10..14]),
            _ => null,
        };
        return listed ?? (modalias?.Contains(':') == true ? Queried(modalias) : null);
    }

    string? Queried(string modalias)
    {
        if (_queried.TryGetValue(modalias, out var name))
            return name;
        var lines = query(modalias).Split('\n');
        string[] parts = [ValueOf("ID_VENDOR_FROM_DATABASE="), ValueOf("ID_MODEL_FROM_DATABASE=")];
        return _queried[modalias] = parts[0].Length + parts[1].Length > 0 ? string.Join(' ', parts).Trim() : null;

        string ValueOf(string key) =>
            Array.Find(lines, line => line.StartsWith(key, StringComparison.Ordinal))?[key.Length..] ?? "";
    }

    string? Find(string list, string maker, string device)
    {
        if (!_lists.TryGetValue(list, out var lines))
        {
            var file = directories.Select(directory => $"{directory}/{list}")
                .FirstOrDefault(SystemFiles.Current.IsFile);
            _lists[list] = lines = file is null ? [] : ByteText.Of(SystemFiles.Current.ReadRegular(file)).Split('\n');
        }
        // a line of a maker, then lines of its devices with a tab
        var at = Array.FindIndex(lines, line => StartsWith(line, $"{maker}  "));
        if (at < 0)
            return null;
        var end = Array.FindIndex(lines, at + 1, line => line is [not ('\t' or '#'), ..]);
        var name = lines[at][6..];
        var own = lines[(at + 1)..(end < 0 ? lines.Length : end)].FirstOrDefault(line =>
            StartsWith(line, $"\t{device}  "));
        return own is null ? name : $"{name} {own[7..]}";

        static bool StartsWith(string line, string start) => line.StartsWith(start, StringComparison.OrdinalIgnoreCase);
    }
}
