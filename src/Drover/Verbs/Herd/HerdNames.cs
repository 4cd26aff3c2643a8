using Drover.Cli;
using Drover.Model;

namespace Drover.Verbs.Herd;

/// <summary>Gates and herds as the command line and the reports call them. Stateless.</summary>
static class HerdNames
{
    const string All = "all";

    static readonly (string Name, GateKind Gate)[] Gates =
        [("none", GateKind.None), ("early", GateKind.EarlyCheck), ("exclusive", GateKind.Exclusive), ("idempotent", GateKind.Idempotent)];

    static readonly (string Name, HerdKind Herd)[] Herds =
    [
        ("udev", HerdKind.Udev), ("threads", HerdKind.UdevThreads), ("modprobe", HerdKind.Modprobe), ("spray", HerdKind.Spray),
        ("user-decompress", HerdKind.UserDecompress), ("drover", HerdKind.Drover),
    ];

    public static string Of(GateKind gate) => Array.Find(Gates, known => known.Gate == gate).Name;

    public static string Of(HerdKind herd) => Array.Find(Herds, known => known.Herd == herd).Name;

    /// <summary>A run without its numbers: <c>udev, gate none</c>.</summary>
    public static string LabelOf(HerdOptions options) => LabelOf(options.Herd, options.Gate);

    public static string LabelOf(HerdKind herd, GateKind gate) => $"{Of(herd)}, gate {Of(gate)}";

    /// <summary>A run among its like: <c>udev, gate none, 255 CPUs, 4 GiB, seed 1</c>.</summary>
    public static string TitleOf(HerdOptions options) =>
        $"{LabelOf(options)}, {CpusOf(options.Cpus)}, {ByteSize.Format(options.MemoryBytes)}{(options.Kasan ? ", KASAN" : "")}, seed {options.Seed}";

    public static string CpusOf(int cpus) => cpus == 1 ? "1 CPU" : $"{cpus} CPUs";

    /// <summary>The gates that an option's values name, each once, in the order given; all of them where it was not given.</summary>
    /// <exception cref="UsageException">There is no such gate.</exception>
    public static IReadOnlyList<GateKind> ReadGates(Arguments arguments, Option option) =>
        arguments.Has(option) ? Read(arguments, option, Gates) : [.. Gates.Select(known => known.Gate)];

    /// <summary>The herds that an option's values name, each once, in the order given; udev and Drover where it was not given.</summary>
    /// <exception cref="UsageException">There is no such herd.</exception>
    public static IReadOnlyList<HerdKind> ReadHerds(Arguments arguments, Option option) =>
        arguments.Has(option) ? Read(arguments, option, Herds) : [HerdKind.Udev, HerdKind.Drover];

    static List<T> Read<T>(Arguments arguments, Option option, (string Name, T Value)[] known)
    {
        var read = new List<T>();
        foreach (var given in arguments.Texts(option))
        {
            foreach (var name in given.Split(',', StringSplitOptions.TrimEntries))
            {
                foreach (var value in Meant(name, option, known))
                {
                    if (!read.Contains(value))
                        read.Add(value);
                }
            }
        }
        return read;
    }

    static T[] Meant<T>(string name, Option option, (string Name, T Value)[] known)
    {
        if (name == All)
            return [.. known.Select(one => one.Value)];
        var index = Array.FindIndex(known, one => one.Name == name);
        if (index >= 0)
            return [known[index].Value];
        string[] names = [.. known.Select(one => one.Name), All];
        throw new UsageException($"--{option.Name} takes {string.Join(", ", names[..^1])} or {All}, not '{name}'{Nearest.Hint(name, names)}");
    }
}
