using System.Buffers.Binary;
using System.Diagnostics;
using Drover.Text;

namespace Drover.Modules.Depmod;

/// <summary>A module file. Its place and dependencies are set by one thread while depmod orders modules.</summary>
sealed class DepmodModule
{
    const string Ending = ".ko";

    /// <param name="path">Absolute.</param>
    /// <param name="directory">The module directory, without trailing slash.</param>
    /// <param name="name">Normalised.</param>
    /// <param name="file">Where to read it, if that is not the path.</param>
    public DepmodModule(
        string path, string directory, string name, FileIdentity? identity, string? file = null)
    {
        (Path, Name, Identity, File) = (path, name, identity, file ?? path);
        var isBelow = path.Length > directory.Length && path[directory.Length] == '/'
            && path.StartsWith(directory, StringComparison.Ordinal);
        ShortPath = isBelow ? path[(directory.Length + 1)..] : path;
        if (!isBelow)
            return;
        // as long as the module name and ".ko": without the ending of a compressed file
        var length = ShortPath.LastIndexOf('/') + 1 + name.Length + Ending.Length;
        OrderPath = ShortPath[..Math.Min(ShortPath.Length, length)];
    }

    public string Path { get; }
    public string File { get; } // the path to read; differs where a link of another system's root is on the way

    /// <summary>The path as modules.dep has it: relative below the module directory, absolute elsewhere.</summary>
    public string ShortPath { get; }

    /// <summary>The path as modules.order has it; null for a module outside the module directory.</summary>
    public string? OrderPath { get; }

    public string Name { get; }
    public int Root { get; init; } // the number of the directory whose walk found it

    /// <summary>The name in UTF-8.</summary>
    public byte[] NameBytes => field ??= ByteText.BytesOf(Name);

    public FileIdentity? Identity { get; }
    public ModuleFacts Facts { get; set; } = new();
    public int Index { get; set; } // its position among all modules, which is its priority in the indexes

    /// <summary>The modules that export the symbols it needs, without duplicates.</summary>
    public List<DepmodModule> Dependencies { get; } = [];

    public int Users { get; set; } // how many modules depend on it

    /// <summary>Its position in an order that has users before their dependencies.</summary>
    public int DependencyRank { get; set; } = int.MaxValue;
}

/// <summary>What depmod reads from a module file. Immutable but for <see cref="Renumber"/>.</summary>
sealed class ModuleFacts
{
    public int Errno { get; init; } // why its symbols cannot be read (errno), or 0. With an error all else is empty

    /// <summary>Exported symbols, values of <c>alias=</c>, <c>softdep=</c>, <c>weakdep=</c>, each with a NUL.</summary>
    public byte[] Text { get; init; } = [];

    public int ExportCount { get; init; } // number of exported symbols in Text
    public int AliasCount { get; init; } // number of aliases in Text
    public int SoftdepCount { get; init; } // number of softdeps in Text
    public ulong[] ExportVersions { get; init; } = []; // CRCs of the exported symbols; empty if the module has none
    public int[] Needs { get; init; } = []; // needed symbols (numbers in a NeedTable), in symbol table order

    /// <summary>Replaces the numbers of one table by those of another.</summary>
    public void Renumber(int[] numbers)
    {
        for (var i = 0; i < Needs.Length; i++)
            Needs[i] = numbers[Needs[i]];
    }

    public FactStrings Exports => new(Text, 0, ExportCount);

    public FactStrings Aliases => new(Text, ExportCount, ExportCount + AliasCount);

    public FactStrings SoftDependencies =>
        new(Text, ExportCount + AliasCount, ExportCount + AliasCount + SoftdepCount);

    public FactStrings WeakDependencies => new(Text, ExportCount + AliasCount + SoftdepCount, int.MaxValue);
}

/// <summary>Enumerates NUL-terminated strings.</summary>
ref struct FactStrings
{
    readonly int _end;
    ReadOnlySpan<byte> _rest;
    int _index;

    public FactStrings(ReadOnlySpan<byte> text, int start, int end)
    {
        Debug.Assert(text.IsEmpty || text[^1] == 0, "each string ends with a NUL");
        _rest = text;
        _end = end;
        while (_index < start && MoveNext())
        {
        }
    }

    public ReadOnlySpan<byte> Current { get; private set; }

    public readonly FactStrings GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_index >= _end || _rest.IsEmpty)
            return false;
        var length = _rest.IndexOf((byte)0);
        Current = _rest[..length];
        _rest = _rest[(length + 1)..];
        _index++;
        return true;
    }
}

/// <summary>Needed symbols: 20,000 of 170,000 in a Debian kernel are distinct. One owner while it grows.</summary>
sealed class NeedTable
{
    // a key is the symbol's name with its version and weakness appended
    const int TailBytes = sizeof(ulong) + 1;

    readonly ByteTable _keys = new();

    public int Count => _keys.Count;

    /// <summary>Returns the number of a need.</summary>
    /// <param name="version">The symbol's CRC, or 0 if the module has none.</param>
    public int Add(ReadOnlySpan<byte> name, ulong version, bool isWeak)
    {
        var key = name.Length <= 256 ? stackalloc byte[256 + TailBytes] : new byte[name.Length + TailBytes];
        key = key[..(name.Length + TailBytes)];
        name.CopyTo(key);
        BinaryPrimitives.WriteUInt64LittleEndian(key[name.Length..], version);
        key[^1] = isWeak ? (byte)1 : (byte)0;
        return _keys.Add(key);
    }

    public ReadOnlySpan<byte> Name(int need) => _keys[need][..^TailBytes];

    public ulong Version(int need) => BinaryPrimitives.ReadUInt64LittleEndian(_keys[need][^TailBytes..]);

    public bool IsWeak(int need) => _keys[need][^1] != 0;

    /// <summary>Adds all needs of another table; element i of the result is the number here of its need i.</summary>
    public int[] AddAll(NeedTable other)
    {
        var numbers = new int[other.Count];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = _keys.Add(other._keys[i], other._keys.HashOf(i));
        Debug.Assert(Count >= other.Count, "distinct needs stay distinct");
        return numbers;
    }
}
