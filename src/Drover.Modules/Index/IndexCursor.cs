using System.Text;

namespace Drover.Modules.Index;

/// <summary>Goes through all entries of an index, values before children; one owner at a time.</summary>
internal sealed class IndexCursor
{
    private readonly IndexBytes _bytes;
    private readonly string _file;
    private readonly Stack<Frame> _frames = new();
    private readonly byte[] _key = new byte[IndexFormat.MaxKeyBytes];
    private long _bytesLeft;
    private Frame _values;
    private bool _started;

    public IndexCursor(IndexBytes bytes, string file)
    {
        _bytes = bytes;
        _file = file;
        _bytesLeft = bytes.Memory.Length;
    }

    public KeyValuePair<string, string> Current { get; private set; }

    public bool MoveNext()
    {
        if (!_started)
        {
            _started = true;
            IndexReader reader = Reader();
            Push(ref reader, reader.Root, 0);
            Done(reader);
        }
        while (true)
        {
            if (_values.Node.ValueCount > 0)
            {
                TakeValue();
                return true;
            }
            if (_frames.Count == 0) return false;
            Frame frame = _frames.Pop();
            if (frame.Next > frame.Node.Last) continue;
            int arc = frame.Next++;
            _frames.Push(frame);
            IndexReader reader = Reader();
            uint link = reader.Child(frame.Node, arc);
            if (IndexReader.IsNode(link))
            {
                if (frame.KeyBytes == _key.Length) throw reader.Bad(frame.Node.Children, $"a key is longer than {IndexFormat.MaxKeyBytes} bytes");
                _key[frame.KeyBytes] = (byte)arc;
                Push(ref reader, link, frame.KeyBytes + 1);
            }
            Done(reader);
        }
    }

    private void Push(ref IndexReader reader, uint link, int keyBytes)
    {
        if (!IndexReader.IsNode(link)) return;
        IndexNode node = reader.Read(link);
        ReadOnlySpan<byte> prefix = reader.Prefix(node);
        if (prefix.Length > _key.Length - keyBytes) throw reader.Bad(node.Prefix, $"a key is longer than {IndexFormat.MaxKeyBytes} bytes");
        prefix.CopyTo(_key.AsSpan(keyBytes));
        _values = new Frame { Node = node, KeyBytes = keyBytes + prefix.Length, Next = node.First };
        if (node.Children != 0) _frames.Push(_values);
    }

    private void TakeValue()
    {
        IndexReader reader = Reader();
        reader.ReadValue(ref _values.Node.Values, out ReadOnlySpan<byte> value);
        _values.Node.ValueCount--;
        Current = new(Encoding.UTF8.GetString(_key.AsSpan(0, _values.KeyBytes)), Encoding.UTF8.GetString(value));
        Done(reader);
    }

    // a reader is a ref struct and does not outlive a step; what it may still read does
    private IndexReader Reader() => new(_bytes, _file, _bytesLeft);

    private void Done(in IndexReader reader) => _bytesLeft = reader.BytesLeft;

    private struct Frame
    {
        public IndexNode Node;
        public int KeyBytes;
        public int Next;
    }
}
