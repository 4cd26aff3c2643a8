using System.Text.Json;
using System.Text.RegularExpressions;

namespace Drover.Control.Tests;

/// <summary>A parsed interface description, which checks JSON values. It knows the part of the grammar
/// that we use.</summary>
sealed class VarlinkInterface
{
    readonly List<string> _words;
    int _at;

    public VarlinkInterface(string text)
    {
        var bare = string.Join('\n', text.Split('\n').Select(line => line.Split('#')[0]));
        _words = [
            .. Regex.Matches(bare, @"->|\[string\]|\[\]|\?|[(),:]|[A-Za-z][A-Za-z0-9_.]*", RegexOptions.NonBacktracking)
                .Select(match => match.Value)];
        Assert.Equal(bare.Count(c => !char.IsWhiteSpace(c)), _words.Sum(word => word.Length));
        Expect("interface");
        Name = Next();
        while (_at < _words.Count)
        {
            switch (Next())
            {
                case "type":
                    Types.Add(Next(), ReadType());
                    break;
                case "error":
                    Errors.Add($"{Name}.{Next()}", ReadType());
                    break;
                case "method":
                    var name = Next();
                    var input = ReadType();
                    Expect("->");
                    Methods.Add(name, (input, ReadType()));
                    break;
                case var word:
                    Assert.Fail($"'{word}' begins no member");
                    break;
            }
        }
    }

    public string Name { get; }

    public Dictionary<string, VarlinkType> Types { get; } = [];

    public Dictionary<string, (VarlinkType In, VarlinkType Out)> Methods { get; } = [];

    public Dictionary<string, VarlinkType> Errors { get; } = [];

    /// <summary>Fails when a value is not of a type, or has other members.</summary>
    public void Check(VarlinkType type, JsonElement value, string place)
    {
        if (type.IsOptional && value.ValueKind is JsonValueKind.Null)
            return;
        if (type.IsArray)
        {
            Assert.True(value.ValueKind is JsonValueKind.Array, $"{place} is no array");
            foreach (var item in value.EnumerateArray())
                Check(type with { IsOptional = false, IsArray = false }, item, place + "[]");
            return;
        }
        if (type.IsMap)
        {
            Assert.True(value.ValueKind is JsonValueKind.Object, $"{place} is no map");
            foreach (var item in value.EnumerateObject())
                Check(type with { IsOptional = false, IsMap = false }, item.Value, $"{place}[{item.Name}]");
            return;
        }
        if (type.Fields is { } fields)
        {
            Assert.True(value.ValueKind is JsonValueKind.Object, $"{place} is no object");
            Assert.Equal(fields.Select(field => field.Name), value.EnumerateObject().Select(member => member.Name));
            foreach (var (name, of) in fields)
                Check(of, value.GetProperty(name), $"{place}.{name}");
            return;
        }
        if (type.Values is { } values)
        {
            Assert.Contains(value.GetString(), values);
            return;
        }
        switch (type.Name)
        {
            case "string":
                Assert.True(value.ValueKind is JsonValueKind.String, $"{place} is no string: {value}");
                break;
            case "int":
                Assert.True(
                    value.ValueKind is JsonValueKind.Number && value.TryGetInt64(out _), $"{place} is no int: {value}");
                break;
            case "bool":
                Assert.True(
                    value.ValueKind is JsonValueKind.True or JsonValueKind.False, $"{place} is no bool: {value}");
                break;
            default:
                Check(Types[type.Name!], value, place);
                break;
        }
    }

    VarlinkType ReadType()
    {
        bool optional = Take("?"), array = Take("[]"), map = Take("[string]");
        if (!Take("("))
            return new VarlinkType(Next(), null, null, optional, array, map);
        var fields = new List<(string, VarlinkType)>();
        var values = new List<string>();
        while (!Take(")"))
        {
            var name = Next();
            if (Take(":"))
                fields.Add((name, ReadType()));
            else
                values.Add(name);
            if (_words[_at] != ")")
                Expect(",");
        }
        return values.Count > 0 ? new VarlinkType(null, null, values, optional, array, map) : new VarlinkType(
            null, fields, null, optional, array, map);
    }

    string Next() => _words[_at++];

    bool Take(string word)
    {
        var there = _words[_at] == word;
        _at += there ? 1 : 0;
        return there;
    }

    void Expect(string word) => Assert.Equal(word, Next());
}

/// <summary>A named type, a struct or an enum; optional, an array or a map.</summary>
sealed record VarlinkType(
    string? Name, List<(string Name, VarlinkType Type)>? Fields, List<string>? Values, bool IsOptional, bool IsArray,
    bool IsMap);
