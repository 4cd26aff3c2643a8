using System.Buffers;
using System.Globalization;
using System.Text;

namespace Drover.Modules.Depmod;

/// <summary>modules.devname: device nodes whose opening loads a module; udev makes them before there is a device (kmod: <c>output_devname</c>). Stateless.</summary>
internal static class DeviceNames
{
    public static void Write(IBufferWriter<byte> to, FoundModule[] modules, Action<DepmodSeverity, string> say)
    {
        var isFirst = true;
        foreach (var module in modules)
        {
            var (name, numbers) = Find(module.Facts);
            if (name is null)
                continue;
            if (numbers is null)
            {
                say(DepmodSeverity.Error, $"Module '{module.Name}' has devname ({name}) but lacks major and minor information. Ignoring.");
                continue;
            }
            if (isFirst)
                to.Write("# Device nodes to trigger on-demand module loading.\n"u8);
            isFirst = false;
            Encoding.UTF8.GetBytes($"{module.Name} {name} {numbers}\n", to);
        }
    }

    /// <summary>The node's name and its type and numbers, as "c10:200".</summary>
    static (string? Name, string? Numbers) Find(ModuleFacts facts)
    {
        string? name = null, numbers = null;
        foreach (var alias in facts.Aliases)
        {
            var nameStart = "devname:"u8;
            if (alias.StartsWith(nameStart))
                name = Encoding.UTF8.GetString(alias[nameStart.Length..]);
            else
                numbers = Numbers(alias, "char-major-"u8, 'c') ?? Numbers(alias, "block-major-"u8, 'b') ?? numbers;
            if (name is not null && numbers is not null)
                break;
        }
        return (name, numbers);
    }

    static string? Numbers(ReadOnlySpan<byte> alias, ReadOnlySpan<byte> start, char type)
    {
        if (!alias.StartsWith(start))
            return null;
        var rest = alias[start.Length..];
        if (!TryNumber(ref rest, out var major) || rest.IsEmpty || rest[0] != '-')
            return null;
        rest = rest[1..];
        return TryNumber(ref rest, out var minor) ? string.Create(CultureInfo.InvariantCulture, $"{type}{major}:{minor}") : null;
    }

    static bool TryNumber(ref ReadOnlySpan<byte> text, out uint number)
    {
        var digits = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        var part = digits < 0 ? text : text[..digits];
        text = text[part.Length..];
        return uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
