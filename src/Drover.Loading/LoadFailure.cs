using Drover.Kernel;
using Drover.Modules.Config;
using Drover.Text;

namespace Drover.Loading;

/// <summary>Why a load failed, and what to do: one sentence for each usual cause, by the kernel's own lines, the
/// module's file and the machine. The first cause that applies counts, so the more certain come first.</summary>
public static class LoadFailure
{
    const int MaxSymbols = 3; // in a message

    /// <summary>The sentence, without a full stop; null where the errno says all that is known.</summary>
    /// <param name="call">The call that failed.</param>
    /// <param name="error">Its result.</param>
    /// <param name="facts">What the machine knows.</param>
    /// <param name="exporterOf">The module that exports a symbol, by the indexes; null for none.</param>
    /// <param name="isLive">Whether a module is live.</param>
    public static string? Explain(
        LoadCall call, Errno error, FailureFacts facts, Func<string, string?> exporterOf,
        Func<string, bool> isLive) =>
        OfVersion(facts) ?? OfSymbols(facts, exporterOf, isLive) ?? OfParameters(call, facts)
        ?? OfBlacklist(call, facts) ?? OfDoors(error, facts) ?? OfSignature(error, facts) ?? OfFirmware(call, facts)
        ?? OfInit(error, facts) ?? OfMemory(error, facts) ?? OfFile(error, facts);

    /// <summary>kernel: check_modinfo, same_magic, elf_validity_cache_copy.</summary>
    static string? OfVersion(FailureFacts facts)
    {
        if (Find(facts, ": version magic '") is { } line && Between(line, "version magic '", "'") is { } magic)
        {
            var (own, other) = (FirstWord(Between(line, "should be '", "'") ?? facts.Release), FirstWord(magic));
            return own == other
                ? $"it was built for another configuration of this kernel ('{magic}'): rebuild it"
                : $"it was built for kernel {other}, and {own} is running: install the modules of the running kernel, "
                    + "rebuild it (dkms autoinstall), or reboot into its kernel";
        }
        return Find(facts, ".gnu.linkonce.this_module section size") is not null
            ? "it was built for another configuration of the kernel: rebuild it against the headers of the running one"
            : null;
    }

    /// <summary>kernel: simplify_symbols, check_version, verify_namespace_is_imported.</summary>
    static string? OfSymbols(FailureFacts facts, Func<string, string?> exporterOf, Func<string, bool> isLive)
    {
        if (Find(facts, "disagrees about version of symbol ") is { } line)
        {
            var symbol = After(line, "version of symbol ");
            return $"symbol {symbol} is of another version than it was built for; {From(symbol)} exports it: rebuild "
                + "it, or install it and its dependencies from one build";
        }
        if (Find(facts, "no symbol version for ") is not null)
            return "it was built without versions of its symbols, which this kernel wants: rebuild it";
        if (Find(facts, ", but does not import it") is { } lacking)
        {
            var symbol = Between(lacking, "uses symbol ", " ") ?? "?";
            var space = Between(lacking, "namespace ", ",") ?? "?";
            return $"it uses symbol {symbol} without importing its namespace {space}: rebuild it with "
                + $"MODULE_IMPORT_NS({space})";
        }
        var missing = new List<string>();
        foreach (var known in facts.Lines)
        {
            if (Between(known, "Unknown symbol ", " ") is { } symbol && !missing.Contains(symbol))
                missing.Add(symbol);
        }
        if (missing.Count == 0)
            return null;
        var unknown = missing.FindAll(symbol => exporterOf(symbol) is null);
        if (unknown.Count > 0)
        {
            return $"no module of this kernel exports {Symbols(unknown)}: it was built for another kernel, or needs a "
                + "module that is not installed here";
        }
        var absent = missing.ConvertAll(From).FindAll(exporter => !isLive(exporter));
        if (absent.Count > 0)
        {
            return $"it needs {Symbols(missing)} of {string.Join(", ", absent.Distinct())}, not loaded: modprobe loads "
                + "what a module needs (if not, run depmod), insmod does not";
        }
        var exporter = From(missing[0]);
        return facts.InfoOf("license")?.Contains("GPL", StringComparison.Ordinal) is false
            ? $"{exporter} exports {Symbols(missing)} only to modules under the GPL"
            : $"the {exporter} that is loaded does not export {Symbols(missing)} to it: they are of different versions";

        string From(string symbol) => exporterOf(symbol) ?? "the kernel";
    }

    static string Symbols(List<string> names)
    {
        var first = $"symbol {string.Join(", ", names.Take(MaxSymbols))}";
        return names.Count > MaxSymbols ? $"{first} and {names.Count - MaxSymbols} more" : first;
    }

    /// <summary>kernel: parse_args. Since 3.x the kernel loads a module with unknown parameters, and says so.</summary>
    static string? OfParameters(LoadCall call, FailureFacts facts)
    {
        if (Find(facts, " for parameter `") is { } line)
        {
            var value = Between(line, "`", "'") ?? "?";
            var name = Between(line, "for parameter `", "'") ?? "?";
            return $"its parameter {name} does not take '{value}': see 'modinfo -p {call.Module}', and the 'options' "
                + "lines of modprobe.d";
        }
        return Find(facts, "nknown parameter `") is { } unknown
            ? UnknownParameter(call.Module, Between(unknown, "nknown parameter `", "'") ?? "?", facts)
            : null;
    }

    /// <summary>A parameter that the module does not have, with the nearest that it has.</summary>
    public static string UnknownParameter(string module, string typed, FailureFacts facts)
    {
        var known = facts.AllOf("parmtype", "parm").Select(value => value.Split(':')[0]).Distinct();
        return $"it has no parameter {typed}{Nearest.Hint(typed, known)} (see 'modinfo -p {module}')";
    }

    /// <summary>kernel: blacklisted, of module_blacklist=.</summary>
    static string? OfBlacklist(LoadCall call, FailureFacts facts)
    {
        var isNamed = KernelParameters.WordAgainst(call.Module, facts.CommandLine) is not null;
        return isNamed || Find(facts, $"Module {call.Module} is blacklisted") is not null
            ? "the kernel's command line forbids it (module_blacklist=): take it out there to load it"
            : null;
    }

    /// <summary>What keeps every module out, or every one from another place.</summary>
    static string? OfDoors(Errno error, FailureFacts facts)
    {
        if (error is Errno.EPERM && facts.IsDisabled)
            return "kernel.modules_disabled is 1: no module can be loaded until the next boot";
        if (Find(facts, "LoadPin:") is not null || (error is Errno.EPERM && facts.IsPinned))
        {
            return "LoadPin loads modules from the file system of the first one only: put the file there, or boot with "
                + "loadpin.enforce=0";
        }
        return Find(facts, "ima: ") is not null || Find(facts, "integrity: ") is not null
            || Find(facts, "op=appraise_data") is not null
            ? "IMA's policy wants a signature of the file (security.ima), and has none that it knows: sign it with "
                + "evmctl, or change the policy"
            : null;
    }

    /// <summary>kernel: module_sig_check, mod_verify_sig.</summary>
    static string? OfSignature(Errno error, FailureFacts facts)
    {
        var isRefused = error is Errno.EKEYREJECTED or Errno.ENOKEY or Errno.EBADMSG or Errno.ENOPKG
            || Find(facts, "Loading of ") is not null || Find(facts, "Lockdown: ") is not null;
        if (!isRefused)
            return null;
        var why = facts.Lockdown is { } mode ? $"lockdown is on ({mode}; Secure Boot does that)"
            : facts.EnforcesSignatures ? "module.sig_enforce is on"
            : "this kernel loads only signed modules";
        if (facts.InfoOf("signer") is not { } signer)
        {
            return $"it has no signature, and {why}: sign it with a key that the kernel knows (kmodsign, sign-file; "
                + "mokutil --import CERT enrols one)";
        }
        if (facts.Keys is not { } keys)
            return $"it is signed by '{signer}', and {why}: the kernel does not accept that signature";
        return HasKey(keys, signer)
            ? $"it is signed by '{signer}', whose key the kernel has, but the signature does not fit the file (it was "
                + "changed after it was signed: install it again), or the key is in the keyring .platform only, which "
                + "does not count for modules"
            : $"it is signed by '{signer}', and {why}: no keyring of the kernel has a key of that name; enrol its "
                + "certificate (mokutil --import CERT, then reboot), or sign it with another";
    }

    /// <summary>kernel: _request_firmware. The line names the device's driver, which may be another's.</summary>
    static string? OfFirmware(LoadCall call, FailureFacts facts)
    {
        var own = facts.AllOf("firmware");
        foreach (var line in facts.Lines)
        {
            if (Between(line, "irmware load for ", " ") is { } file
                && (own.Contains(file) || line.Replace('-', '_').Contains(call.Module, StringComparison.Ordinal)))
            {
                return $"the firmware {file} is missing: install the package that has /lib/firmware/{file}";
            }
        }
        return null;
    }

    /// <summary>The result of the module's own init.</summary>
    static string? OfInit(Errno error, FailureFacts facts)
    {
        if (error is Errno.EEXIST || Find(facts, "init suspiciously returned -EEXIST") is not null)
        {
            return "its init reports that something it registers is there already: another driver, or one that is "
                + "built into the kernel, does the same; see 'lsmod' and modules.builtin";
        }
        return error is Errno.EBUSY
            ? "its init reports that what it needs is in use, or (since 7.1) that what it registers is there already: "
                + "another driver has it; see 'lspci -k', /proc/ioports and 'lsmod'"
            : null;
    }

    /// <summary>kernel: module_alloc, percpu_modalloc.</summary>
    static string? OfMemory(Errno error, FailureFacts facts)
    {
        if (Find(facts, "bytes percpu data") is not null)
            return "the memory for per-CPU data of modules is used up: unload others, or boot with less of them";
        return error is Errno.ENOMEM
            ? $"the kernel has no memory for it; {ByteSize.Format(facts.AvailableBytes)} are available"
            : null;
    }

    /// <summary>By the file itself, where the kernel says nothing.</summary>
    static string? OfFile(Errno error, FailureFacts facts) =>
        error is Errno.ENOEXEC && facts.InfoOf("vermagic") is { } magic && FirstWord(magic) != facts.Release
            ? $"it was built for kernel {FirstWord(magic)}, and {facts.Release} is running: install the modules of the "
                + "running kernel, or rebuild it"
            : null;

    /// <summary>A line of /proc/keys with a certificate: <c>… asymmetri NAME: id: X509.rsa …</c>.</summary>
    static bool HasKey(string keys, string signer)
    {
        const string Type = " asymmetri ";
        foreach (var line in keys.Split('\n'))
        {
            if (line.IndexOf(Type, StringComparison.Ordinal) is >= 0 and var at
                && line[(at + Type.Length)..].StartsWith($"{signer}: ", StringComparison.Ordinal))
            {
                return true;
            }
        }
        return false;
    }

    static string? Find(FailureFacts facts, string text) =>
        facts.Lines.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal));

    static string After(string line, string mark) =>
        line[(line.IndexOf(mark, StringComparison.Ordinal) + mark.Length)..];

    static string? Between(string line, string mark, string end)
    {
        if (!line.Contains(mark, StringComparison.Ordinal))
            return null;
        var rest = After(line, mark);
        return rest.IndexOf(end, StringComparison.Ordinal) is >= 0 and var at ? rest[..at] : rest;
    }

    static string FirstWord(string text) => text.Split(' ')[0];
}
