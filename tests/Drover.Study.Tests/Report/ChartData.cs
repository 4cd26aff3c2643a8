using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace Drover.Study.Tests.Report;

/// <summary>The data of a page's chart, which its script draws.</summary>
sealed record ChartData(JsonNode Data)
{
    public static List<ChartData> Of(XDocument page) =>
    [
        .. page.Descendants("figure").Select(figure =>
            new ChartData(JsonNode.Parse(figure.Element("script")!.Value)!)),
    ];

    public IEnumerable<string> Runs => Data["runs"]!.AsArray().Select(name => (string)name!);

    /// <summary>The names of the rows of a view.</summary>
    public List<string> Rows(string view) =>
        [.. View(view)["rows"]!.AsArray().Select(row => (string)row!["name"]!)];

    /// <summary>The lanes of a view, row after row.</summary>
    public List<JsonNode> Lanes(string view) =>
        [.. View(view)["rows"]!.AsArray().SelectMany(row => row!["lanes"]!.AsArray()).Select(lane => lane!)];

    /// <summary>Times in µs; <c>Text</c> is an index.</summary>
    public static IEnumerable<(long From, long Length, int State, int Name, int Text)> Bars(JsonNode lane) =>
        lane["bars"]!.AsArray().Select(number => (long)number!).Chunk(5)
            .Select(bar => (bar[0], bar[1], (int)bar[2], (int)bar[3], (int)bar[4]));

    JsonNode View(string name) => Data["views"]!.AsArray().Single(view => (string)view!["name"]! == name)!;
}
