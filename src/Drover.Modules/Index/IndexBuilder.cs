namespace Drover.Modules;

/// <summary>Builds the bytes of a <c>modules.*.bin</c> index; one owner at a time.</summary>
public sealed class IndexBuilder
{
    public void Add(string key, string value, uint priority) => throw new NotSupportedException();

    public byte[] ToBytes() => throw new NotSupportedException();
}
