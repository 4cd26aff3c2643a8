using System.Diagnostics;
using System.Text;
using Drover.Modules.Patterns;
using Drover.Text;

namespace Drover.Modules.Index;

/// <summary>A look-up with wildcards. It follows the text literally from the root. At each arc or prefix byte <c>*</c>,
/// <c>?</c> or <c>[</c> it walks the subtree with all its patterns at once: it carries down the set of text positions
/// that they may have reached, and drops an arc when the set is empty.</summary>
/// <remarks>kmod (<c>index_mm_searchwild</c>) calls fnmatch on every key of the subtree. The order of nodes is kmod's:
/// special arcs, then values, then the next literal byte; in a subtree, children before values.</remarks>
ref struct IndexMatcher
{
    const long SpareBytes = 1 << 20; // allowance for unclosed brackets, which real indexes do not have

    readonly ReadOnlySpan<byte> _text;
    readonly MatchMemory _memory;
    IndexReader _reader;
    PatternText _pattern;
    int _hits;

    public IndexMatcher(IndexBytes index, string file, ReadOnlySpan<byte> text, MatchMemory memory)
    {
        _text = text;
        _memory = memory;
        // a literal "*" in the text follows an arc that was also walked as a wildcard
        _reader = new IndexReader(index, file, (2L + SpecialBytes(text)) * index.Memory.Length + SpareBytes);
    }

    public string[] Run()
    {
        FollowLiterally();
        if (_hits == 0)
            return [];
        var values = _memory.HitValues.AsSpan(0, _hits);
        if (_hits > 1)
            _memory.HitOrder.AsSpan(0, _hits).Sort(values);
        var found = new string[_hits];
        for (var i = 0; i < found.Length; i++)
            found[i] = ByteText.Of(_reader.ValueText(values[i]));
        return found;
    }

    void FollowLiterally()
    {
        var link = _reader.Root;
        var at = 0;
        while (IndexReader.IsNode(link))
        {
            var node = _reader.Read(link);
            var prefix = _reader.Prefix(node);
            for (var i = 0; i < prefix.Length; i++)
            {
                var b = prefix[i];
                if (IsSpecial(b))
                {
                    WalkFrom(node, i, at + i);
                    return;
                }
                if (at + i == _text.Length || b != _text[at + i])
                    return;
            }
            at += prefix.Length;
            if (node.Children != 0)
            {
                TrySpecialArc(node, (byte)'*', at);
                TrySpecialArc(node, (byte)'?', at);
                TrySpecialArc(node, (byte)'[', at);
            }
            if (at == _text.Length)
            {
                AddValues(node);
                return;
            }
            link = _reader.ChildOrNone(node, _text[at]);
            at++;
        }
    }

    void TrySpecialArc(in IndexNode node, byte arc, int at)
    {
        var link = _reader.ChildOrNone(node, arc);
        if (!IndexReader.IsNode(link))
            return;
        var set = StartSet(at);
        PatternState state = default;
        if (_pattern.Step(ref state, set, set, arc))
            WalkSubtree(_reader.Read(link), 0, state);
    }

    void WalkFrom(in IndexNode node, int prefixAt, int at)
    {
        StartSet(at);
        WalkSubtree(node, prefixAt, default);
    }

    /// <summary>Sets the first set to one position; prepares the text on the first call of a look-up.</summary>
    Span<ulong> StartSet(int at)
    {
        if (_pattern.Words == 0)
        {
            _pattern = new PatternText(_text, _memory.Slots, _memory.MasksFor(_text.Length), _memory.Bracket);
            _memory.MakeRoomForSets(_pattern.Words);
        }
        Debug.Assert(at <= _text.Length, "positions are within the text");
        var set = Set(0);
        set.Clear();
        set[at >> 6] = 1UL << at;
        return set;
    }

    readonly Span<ulong> Set(int depth) => _memory.Sets.AsSpan(depth * _pattern.Words, _pattern.Words);

    /// <summary>Walks all patterns below a node, without recursion: a malicious index can be deep.</summary>
    void WalkSubtree(in IndexNode top, int prefixAt, PatternState state)
    {
        var depth = 0;
        if (!Enter(top, prefixAt, state, depth))
            return;
        depth = 1;
        while (depth > 0)
        {
            ref var frame = ref _memory.Frames[depth - 1];
            if (frame.Next > frame.Node.Last)
            {
                AddValuesIfMatched(frame.Node, frame.State, Set(depth - 1));
                depth--;
                continue;
            }
            var arc = frame.Next++;
            var link = _reader.Child(frame.Node, arc);
            if (!IndexReader.IsNode(link))
                continue;
            state = frame.State;
            CheckBracket(state, (byte)arc, frame.Node.Children);
            if (!_pattern.Step(ref state, Set(depth - 1), Set(depth), (byte)arc))
                continue;
            if (Enter(_reader.Read(link), 0, state, depth))
                depth++;
        }
    }

    /// <summary>Applies a prefix to the set at <paramref name="depth"/>; true if it added a child frame.</summary>
    bool Enter(in IndexNode node, int prefixAt, PatternState state, int depth)
    {
        var set = Set(depth);
        var prefix = _reader.Prefix(node);
        for (var i = prefixAt; i < prefix.Length; i++)
        {
            CheckBracket(state, prefix[i], node.Prefix);
            if (!_pattern.Step(ref state, set, set, prefix[i]))
                return false;
        }
        if (node.Children == 0)
        {
            AddValuesIfMatched(node, state, set);
            return false;
        }
        if (depth == _memory.Frames.Length)
        {
            if (depth > IndexFormat.MaxKeyBytes)
                throw _reader.LongKey(node.Children);
            Array.Resize(ref _memory.Frames, depth * 2);
            _memory.MakeRoomForSets(_pattern.Words);
        }
        _memory.Frames[depth] = new MatchFrame { Node = node, State = state, Next = node.First };
        return true;
    }

    /// <summary>Counts the work for a bracket, which is parsed again at each <c>]</c>, and bounds its length.</summary>
    void CheckBracket(in PatternState state, byte next, int at)
    {
        if (state.Now != PatternState.Mode.Bracket)
            return;
        if (next == ']')
            _reader.Charge(state.BracketBytes, at);
        if (state.BracketEnd == IndexFormat.MaxKeyBytes)
            throw _reader.LongKey(at);
    }

    void AddValuesIfMatched(in IndexNode node, in PatternState state, ReadOnlySpan<ulong> set)
    {
        if (node.ValueCount == 0)
            return;
        if (state.Now == PatternState.Mode.Bracket)
            _reader.Charge((long)state.BracketBytes * state.BracketBytes, node.Values);
        if (_pattern.Ends(state, set))
            AddValues(node);
    }

    void AddValues(in IndexNode node)
    {
        var at = node.Values;
        for (var i = 0; i < node.ValueCount; i++)
        {
            var start = at;
            var priority = _reader.ReadValue(ref at, out _);
            if (_hits == _memory.HitValues.Length)
            {
                Array.Resize(ref _memory.HitOrder, _hits * 2);
                Array.Resize(ref _memory.HitValues, _hits * 2);
            }
            _memory.HitOrder[_hits] = (ulong)priority << 32 | (uint.MaxValue - (uint)_hits);
            _memory.HitValues[_hits++] = start;
        }
    }

    static bool IsSpecial(byte b) => b is (byte)'*' or (byte)'?' or (byte)'[';

    static int SpecialBytes(ReadOnlySpan<byte> text) =>
        text.Count((byte)'*') + text.Count((byte)'?') + text.Count((byte)'[');
}

/// <summary>A node on the path from the first wildcard to the current one.</summary>
struct MatchFrame
{
    public IndexNode Node;
    public PatternState State;
    public int Next; // the next arc to try
}

/// <summary>Scratch memory, which grows and is kept for the next look-up; one owner at a time.</summary>
sealed class MatchMemory
{
    const int FirstDepth = 32, FirstHits = 16;

    public readonly byte[] Slots = new byte[PatternText.SlotCount];
    public readonly byte[] Bracket = new byte[IndexFormat.MaxKeyBytes + 1];
    public byte[] Text = new byte[256];
    public ulong[] Masks = [];
    public MatchFrame[] Frames = new MatchFrame[FirstDepth];
    public ulong[] Sets = []; // a set of positions for each frame, and one for the current arc
    public ulong[] HitOrder = new ulong[FirstHits]; // sort keys: by priority, then the last found first
    public int[] HitValues = new int[FirstHits];

    public ReadOnlySpan<byte> SetText(string text)
    {
        var bound = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (Text.Length < bound)
            Text = new byte[bound];
        return Text.AsSpan(0, ByteText.Write(text, Text));
    }

    public void MakeRoomForSets(int words)
    {
        var need = (Frames.Length + 1) * words;
        if (Sets.Length < need)
            Array.Resize(ref Sets, need);
    }

    public Span<ulong> MasksFor(int textBytes)
    {
        var need = PatternText.MaskWords(textBytes);
        if (Masks.Length < need)
            Masks = new ulong[need];
        return Masks;
    }
}
