using System.Text;

namespace Drover.Modules.Depmod;

/// <summary>
/// All that indexes are made of, in bytes that are equal exactly if they would come out the same: configuration, and identities of the modules found and of the other
/// files read. Stateless.
/// </summary>
internal static class DepmodState
{
    /// <summary>
    /// A file that was changed that short before we looked may be changed once more under the same time stamp: such a one is read again the next time. The kernel's stamps
    /// are as coarse as its timer, at most 10 ms.
    /// </summary>
    const long RestNs = 100_000_000;

    static readonly string[] OtherInputs = ["modules.order", "modules.builtin", "modules.builtin.modinfo"];

    /// <summary>The state, or null where something changed just now.</summary>
    /// <param name="nowNs">The time before anything was looked at.</param>
    public static byte[]? Describe(DepmodOptions options, DepmodConfig config, ModuleSearch search, IDepmodMachine machine, long nowNs)
    {
        using var bytes = new MemoryStream(512 << 10);
        using var to = new BinaryWriter(bytes, Encoding.UTF8);
        to.Write(options.Directory);
        to.Write(options.SymbolPrefix);
        to.Write(config.Describe());
        foreach (var name in OtherInputs)
        {
            var identity = machine.Identify($"{options.Directory}/{name}", out _);
            if (identity is { } there && !IsAtRest(there, nowNs))
                return null;
            WriteIdentity(to, identity ?? default);
        }
        foreach (var module in search.Seen)
        {
            if (!IsAtRest(module.Identity!.Value, nowNs))
                return null;
            to.Write(module.Path);
            WriteIdentity(to, module.Identity.Value);
        }
        to.Flush();
        return bytes.ToArray();
    }

    /// <summary>Identities of files that were written; of one that is not there, zeros.</summary>
    public static byte[] DescribeFiles(string directory, IEnumerable<string> names, IDepmodMachine machine)
    {
        using var bytes = new MemoryStream();
        using var to = new BinaryWriter(bytes, Encoding.UTF8);
        foreach (var name in names)
            WriteIdentity(to, machine.Identify($"{directory}/{name}", out _) ?? default);
        to.Flush();
        return bytes.ToArray();
    }

    /// <summary>Whether a file's identity can be relied on.</summary>
    public static bool IsAtRest(FileIdentity identity, long nowNs) => identity.ChangedNs < nowNs - RestNs && identity.ModifiedNs < nowNs - RestNs;

    public static void WriteIdentity(BinaryWriter to, FileIdentity identity)
    {
        to.Write(identity.Device);
        to.Write(identity.Inode);
        to.Write(identity.Bytes);
        to.Write(identity.ModifiedNs);
        to.Write(identity.ChangedNs);
    }
}
