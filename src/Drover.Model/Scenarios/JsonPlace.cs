using System.Text.Json;

namespace Drover.Model;

/// <summary>
/// Where in a document a field stands, for messages: looked for only when there is something to complain of, so that a good document is read without
/// keeping book. Stateless.
/// </summary>
public static class JsonPlace
{
    /// <summary>The line, from 1, of a byte.</summary>
    public static int LineOf(ReadOnlySpan<byte> json, long offset) => 1 + json[..(int)Math.Min(offset, json.Length)].Count((byte)'\n');

    /// <summary>The line of a field's value, or of whatever should contain it and does not.</summary>
    /// <param name="json">A document that has been read to its end without an error.</param>
    public static int LineOf(ReadOnlySpan<byte> json, ScenarioField field)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        var place = reader.TokenStartIndex;
        _ = (field.Section.Length == 0 || GoTo(ref reader, field.Section, ref place))
            && (field.Index is not { } index || GoTo(ref reader, index, ref place))
            && (field.Name is not { } name || GoTo(ref reader, name, ref place))
            && (field.Item is not { } item || GoTo(ref reader, item, ref place));
        return LineOf(json, place);
    }

    /// <summary>From an object to the value of one of its members.</summary>
    static bool GoTo(ref Utf8JsonReader reader, string member, ref long place)
    {
        if (reader.TokenType is not JsonTokenType.StartObject)
            return false;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(member);
            reader.Read();
            if (found)
            {
                place = reader.TokenStartIndex;
                return true;
            }
            reader.Skip();
        }
        return false;
    }

    /// <summary>From a list to one of its elements.</summary>
    static bool GoTo(ref Utf8JsonReader reader, int element, ref long place)
    {
        if (reader.TokenType is not JsonTokenType.StartArray)
            return false;
        for (var i = 0; reader.Read() && reader.TokenType is not JsonTokenType.EndArray; i++)
        {
            if (i == element)
            {
                place = reader.TokenStartIndex;
                return true;
            }
            reader.Skip();
        }
        return false;
    }
}
