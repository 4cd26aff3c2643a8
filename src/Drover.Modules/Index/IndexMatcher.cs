using System.Text;
using Drover.Modules.Patterns;

namespace Drover.Modules.Index;

/// <summary>
/// One look-up with wildcards. From the root the text is followed literally; wherever that way has an arc or a prefix byte
/// <c>*</c>, <c>?</c> or <c>[</c>, the subtree behind it is walked with all its patterns at once: the set of text positions
/// they may have reached is carried down, and an arc is dropped when the set runs empty.
/// </summary>
/// <remarks>
/// kmod (<c>index_mm_searchwild</c>) enumerates the subtree instead and calls fnmatch on every key in it. The order in which
/// nodes are met is kept as there: special arcs, then values, then onward; inside a subtree children before values.
/// </remarks>
internal ref struct IndexMatcher
{
    /// <summary>Work beside reading nodes that no sane index needs: for brackets that never close.</summary>
    private const long SpareBytes = 1 << 20;

    private readonly ReadOnlySpan<byte> _text;
    private readonly MatchMemory _memory;
    private IndexReader _reader;
    private PatternText _pattern;
    private int _hits;

    public IndexMatcher(IndexBytes index, string file, ReadOnlySpan<byte> text, MatchMemory memory)
    {
        _text = text;
        _memory = memory;
        // a literal "*" of the text goes down an arc that was walked as a wildcard before
        _reader = new IndexReader(index, file, (2L + SpecialBytes(text)) * index.Memory.Length + SpareBytes);
    }

    public string[] Run()
    {
        FollowLiterally();
        if (_hits == 0) return [];
        Span<int> values = _memory.HitValues.AsSpan(0, _hits);
        if (_hits > 1) _memory.HitOrder.AsSpan(0, _hits).Sort(values);
        string[] found = new string[_hits];
        for (int i = 0; i < found.Length; i++) found[i] = Encoding.UTF8.GetString(_reader.ValueText(values[i]));
        return found;
    }

    private void FollowLiterally()
    {
        uint link = _reader.Root;
        int at = 0;
        while (IndexReader.IsNode(link))
        {
            IndexNode node = _reader.Read(link);
            ReadOnlySpan<byte> prefix = _reader.Prefix(node);
            for (int i = 0; i < prefix.Length; i++)
            {
                byte b = prefix[i];
                if (IsSpecial(b))
                {
                    WalkFrom(node, i, at + i);
                    return;
                }
                if (at + i == _text.Length || b != _text[at + i]) return;
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

    private void TrySpecialArc(in IndexNode node, byte arc, int at)
    {
        uint link = _reader.ChildOrNone(node, arc);
        if (!IndexReader.IsNode(link)) return;
        Span<ulong> set = StartSet(at);
        PatternState state = default;
        if (_pattern.Step(ref state, set, set, arc)) WalkSubtree(_reader.Read(link), 0, state);
    }

    private void WalkFrom(in IndexNode node, int prefixAt, int at)
    {
        StartSet(at);
        WalkSubtree(node, prefixAt, default);
    }

    /// <summary>Puts the one position into the lowest set; the first time in a look-up the text is made ready.</summary>
    private Span<ulong> StartSet(int at)
    {
        if (_pattern.Words == 0)
        {
            _pattern = new PatternText(_text, _memory.Slots, _memory.MasksFor(_text.Length), _memory.Bracket);
            _memory.MakeRoomForSets(_pattern.Words);
        }
        Span<ulong> set = Set(0);
        set.Clear();
        set[at >> 6] = 1UL << at;
        return set;
    }

    private readonly Span<ulong> Set(int depth) => _memory.Sets.AsSpan(depth * _pattern.Words, _pattern.Words);

    /// <summary>Walks all patterns below a node, depth first, without recursion: a hostile index chooses how deep it goes.</summary>
    private void WalkSubtree(in IndexNode top, int prefixAt, PatternState state)
    {
        int depth = 0;
        if (!Enter(top, prefixAt, state, depth)) return;
        depth = 1;
        while (depth > 0)
        {
            ref MatchFrame frame = ref _memory.Frames[depth - 1];
            if (frame.Next > frame.Node.Last)
            {
                AddValuesIfMatched(frame.Node, frame.State, Set(depth - 1));
                depth--;
                continue;
            }
            int arc = frame.Next++;
            uint link = _reader.Child(frame.Node, arc);
            if (!IndexReader.IsNode(link)) continue;
            state = frame.State;
            CheckBracket(state, (byte)arc, frame.Node.Children);
            if (!_pattern.Step(ref state, Set(depth - 1), Set(depth), (byte)arc)) continue;
            if (Enter(_reader.Read(link), 0, state, depth)) depth++;
        }
    }

    /// <summary>Feeds a node's prefix to the set at <paramref name="depth"/>; true when the node has children and a frame was made to go through them.</summary>
    private bool Enter(in IndexNode node, int prefixAt, PatternState state, int depth)
    {
        Span<ulong> set = Set(depth);
        ReadOnlySpan<byte> prefix = _reader.Prefix(node);
        for (int i = prefixAt; i < prefix.Length; i++)
        {
            CheckBracket(state, prefix[i], node.Prefix);
            if (!_pattern.Step(ref state, set, set, prefix[i])) return false;
        }
        if (node.Children == 0)
        {
            AddValuesIfMatched(node, state, set);
            return false;
        }
        if (depth == _memory.Frames.Length)
        {
            if (depth > IndexFormat.MaxKeyBytes) throw _reader.Bad(node.Children, $"a key is longer than {IndexFormat.MaxKeyBytes} bytes");
            Array.Resize(ref _memory.Frames, depth * 2);
            _memory.MakeRoomForSets(_pattern.Words);
        }
        _memory.Frames[depth] = new MatchFrame { Node = node, State = state, Next = node.First };
        return true;
    }

    /// <summary>A bracket is read anew at each <c>]</c> in it, and the brackets of a key are no longer than a key.</summary>
    private void CheckBracket(in PatternState state, byte next, int at)
    {
        if (state.Now != PatternState.Mode.Bracket) return;
        if (next == ']') _reader.Charge(state.BracketBytes, at);
        if (state.BracketEnd == IndexFormat.MaxKeyBytes) throw _reader.Bad(at, $"a key is longer than {IndexFormat.MaxKeyBytes} bytes");
    }

    private void AddValuesIfMatched(in IndexNode node, in PatternState state, ReadOnlySpan<ulong> set)
    {
        if (node.ValueCount == 0) return;
        if (state.Now == PatternState.Mode.Bracket) _reader.Charge((long)state.BracketBytes * state.BracketBytes, node.Values);
        if (_pattern.Ends(state, set)) AddValues(node);
    }

    private void AddValues(in IndexNode node)
    {
        int at = node.Values;
        for (int i = 0; i < node.ValueCount; i++)
        {
            int start = at;
            uint priority = _reader.ReadValue(ref at, out _);
            if (_hits == _memory.HitValues.Length)
            {
                Array.Resize(ref _memory.HitOrder, _hits * 2);
                Array.Resize(ref _memory.HitValues, _hits * 2);
            }
            _memory.HitOrder[_hits] = (ulong)priority << 32 | (uint.MaxValue - (uint)_hits);
            _memory.HitValues[_hits++] = start;
        }
    }

    private static bool IsSpecial(byte b) => b is (byte)'*' or (byte)'?' or (byte)'[';

    private static int SpecialBytes(ReadOnlySpan<byte> text) => text.Count((byte)'*') + text.Count((byte)'?') + text.Count((byte)'[');
}
