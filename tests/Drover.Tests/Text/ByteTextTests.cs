using CsCheck;
using Drover.Text;

namespace Drover.Tests.Text;

public sealed class ByteTextTests
{
    [Fact]
    public void Any_bytes_pass_unchanged() => Gen.Byte.Array[0, 40].Sample(bytes =>
    {
        var text = ByteText.Of(bytes);
        Assert.Equal(bytes, ByteText.BytesOf(text));
        Assert.Equal(bytes.Length, ByteText.CountBytes(text));
        using var written = new MemoryStream();
        using (var writer = new ByteWriter(written, bufferBytes: 16))
        {
            writer.Write(text);
            writer.Flush();
        }
        Assert.Equal(bytes, written.ToArray());
    }, iter: 20_000);

    [Fact]
    public void Any_text_passes_unchanged_unless_it_has_lone_surrogates() => Gen.String.Sample(text =>
    {
        if (!ByteText.IsUtf8(text))
            return;
        Assert.Equal(text, ByteText.Of(ByteText.BytesOf(text)));
        Assert.Equal(System.Text.Encoding.UTF8.GetBytes(text), ByteText.BytesOf(text));
        Assert.Equal(text, ByteText.Shown(text));
    }, iter: 20_000);

    [Fact]
    public void Texts_have_the_order_of_their_bytes() =>
        Gen.Select(Gen.Byte.Array[0, 4], Gen.Byte.Array[0, 4]).Sample((a, b) => Assert.Equal(
            Math.Sign(a.AsSpan().SequenceCompareTo(b)),
            Math.Sign(ByteText.ByteOrder.Compare(ByteText.Of(a), ByteText.Of(b)))), iter: 20_000);

    [Fact]
    public void What_is_no_UTF8_is_shown_as_Latin1()
    {
        Assert.Equal("Jürgen", ByteText.Shown("J\udcfcrgen"));
        Assert.Equal("Jürgen", ByteText.Shown("Jürgen"));
        // U+1F480 has a low surrogate that would be a byte if it were alone
        Assert.Equal("\ud83d\udc80", ByteText.Shown("\ud83d\udc80"));
    }
}
