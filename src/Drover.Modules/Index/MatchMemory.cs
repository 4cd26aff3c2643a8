using System.Text;
using Drover.Modules.Patterns;

namespace Drover.Modules.Index;

/// <summary>A node on the way from the first wildcard down to where a walk is.</summary>
internal struct MatchFrame
{
    public IndexNode Node;
    public PatternState State;
    /// <summary>The next arc to try.</summary>
    public int Next;
}

/// <summary>Work memory of look-ups, grown as they need it and kept for the next; one owner at a time.</summary>
internal sealed class MatchMemory
{
    private const int FirstDepth = 32;
    private const int FirstHits = 16;

    public readonly byte[] Slots = new byte[PatternText.SlotCount];
    public readonly byte[] Bracket = new byte[IndexFormat.MaxKeyBytes + 1];
    public byte[] Text = new byte[256];
    public ulong[] Masks = [];
    public MatchFrame[] Frames = new MatchFrame[FirstDepth];
    /// <summary>One set of positions a frame, and one for the arc being tried.</summary>
    public ulong[] Sets = [];
    /// <summary>Sort keys: priority, then last met first.</summary>
    public ulong[] HitOrder = new ulong[FirstHits];
    public int[] HitValues = new int[FirstHits];

    public ReadOnlySpan<byte> SetText(string text)
    {
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (Text.Length < most) Text = new byte[most];
        return Text.AsSpan(0, Encoding.UTF8.GetBytes(text, Text));
    }

    public void MakeRoomForSets(int words)
    {
        int need = (Frames.Length + 1) * words;
        if (Sets.Length < need) Array.Resize(ref Sets, need);
    }

    public Span<ulong> MasksFor(int textBytes)
    {
        int need = PatternText.MaskWords(textBytes);
        if (Masks.Length < need) Masks = new ulong[need];
        return Masks;
    }
}
