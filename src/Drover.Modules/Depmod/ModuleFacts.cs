namespace Drover.Modules.Depmod;

/// <summary>What a module's file tells depmod. Immutable but for <see cref="Renumber"/>; safe for any thread.</summary>
internal sealed class ModuleFacts
{
    /// <summary>Why its symbols cannot be read (errno), or 0. Such a module has no facts at all.</summary>
    public int Errno { get; init; }

    /// <summary>Names of exported symbols, then of what <c>alias=</c> and <c>softdep=</c> say, each ended by a NUL.</summary>
    public byte[] Text { get; init; } = [];

    /// <summary>How many strings of <see cref="Text"/> are symbols.</summary>
    public int ExportCount { get; init; }

    /// <summary>How many strings of <see cref="Text"/>, behind the symbols, are aliases; the rest are soft dependencies.</summary>
    public int AliasCount { get; init; }

    /// <summary>CRCs of the exported symbols; empty where the module tells none.</summary>
    public ulong[] ExportVersions { get; init; } = [];

    /// <summary>Symbols it needs, numbers of a <see cref="NeedTable"/>, in the order in which its table of symbols names them: dependencies are sorted by it.</summary>
    public int[] Needs { get; private set; } = [];

    public ModuleFacts WithNeeds(int[] needs)
    {
        Needs = needs;
        return this;
    }

    /// <summary>Turns the numbers of one table into those of another.</summary>
    public void Renumber(int[] numbers)
    {
        for (var i = 0; i < Needs.Length; i++)
            Needs[i] = numbers[Needs[i]];
    }

    public FactStrings Exports => new(Text, 0, ExportCount);

    public FactStrings Aliases => new(Text, ExportCount, ExportCount + AliasCount);

    public FactStrings SoftDependencies => new(Text, ExportCount + AliasCount, int.MaxValue);
}

/// <summary>Goes through strings that end with a NUL each.</summary>
internal ref struct FactStrings
{
    readonly int _end;
    ReadOnlySpan<byte> _rest;
    int _index;

    public FactStrings(ReadOnlySpan<byte> text, int start, int end)
    {
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
