using Drover.Lab.Reading;

namespace Drover.Lab.Report;

/// <summary>Bytes that failed calls cost, and the part of them that duplicates cost.</summary>
readonly record struct Waste(long Bytes, long DuplicateBytes, string Source)
{
    public static Waste Of(IReadOnlyList<ModuleCall> calls, ModuleStats? stats, IReadOnlyDictionary<string, long> fileBytes)
    {
        if (stats is not null)
            return new Waste(stats.WastedBytes, Math.Max(0, stats.WastedBytes - calls.Sum(call => CountedByKernel(call, fileBytes))), "kernel statistics");

        var failed = calls.Where(call => call.Result is not (null or "0")).ToList();
        return new Waste(
            failed.Sum(call => Handed(call, fileBytes)),
            failed.Where(call => Errno.IsDuplicate(call.Result!)).Sum(call => Handed(call, fileBytes)),
            "bytes read or handed over by failed calls");
    }

    /// <summary>
    /// What the kernel's statistics count for a call that failed on its own account, no duplicate: twice the file when it got past
    /// layout_and_allocate, as an unknown symbol does; once when it was refused before. A module's own init failing (ENODEV) is counted nowhere.
    /// </summary>
    static long CountedByKernel(ModuleCall call, IReadOnlyDictionary<string, long> fileBytes) => call.Result switch
    {
        "ENOENT" or "EINVAL" => 2 * Handed(call, fileBytes),
        "ENOEXEC" or "EPERM" or "EKEYREJECTED" => Handed(call, fileBytes),
        _ => 0,
    };

    /// <summary>ETXTBSY comes before the kernel allocates or reads anything: it costs a call and no bytes.</summary>
    static long Handed(ModuleCall call, IReadOnlyDictionary<string, long> fileBytes) =>
        call.Result == "ETXTBSY" ? 0 : call.Bytes ?? fileBytes.GetValueOrDefault(call.Module ?? "");
}
