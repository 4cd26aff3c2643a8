using System.Globalization;
using System.Text;

namespace Drover.Text;

/// <summary>Metrics in the text format of Prometheus, version 0.0.4, which node_exporter's textfile collector reads. A
/// family is described before its samples.</summary>
public sealed class MetricsText
{
    readonly StringBuilder _text = new(4096);

    /// <summary>A count that only grows; its name ends in <c>_total</c>.</summary>
    public MetricsText Counter(string name, string help, long value) =>
        Describe(name, "counter", help).Add(name, value);

    public MetricsText Gauge(string name, string help, long value) => Describe(name, "gauge", help).Add(name, value);

    /// <summary>Begins a family that has labels.</summary>
    /// <param name="type"><c>counter</c> or <c>gauge</c>.</param>
    public MetricsText Describe(string name, string type, string help)
    {
        _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        return this;
    }

    /// <summary>A sample of the family that was described last.</summary>
    /// <param name="labels">Names and values in turn; any text is a value.</param>
    public MetricsText Add(string name, long value, params string[] labels) =>
        Add(name, value.ToString(CultureInfo.InvariantCulture), labels);

    /// <summary>A sample in seconds.</summary>
    /// <inheritdoc cref="Add(string, long, string[])"/>
    public MetricsText AddSeconds(string name, long microseconds, params string[] labels) => Add(
        name, string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1_000_000}.{microseconds % 1_000_000:d6}"),
        labels);

    public override string ToString() => _text.ToString();

    MetricsText Add(string name, string value, string[] labels)
    {
        _text.Append(name);
        for (var i = 0; i < labels.Length; i += 2)
            _text.Append(i == 0 ? '{' : ',').Append(labels[i]).Append("=\"").Append(Escape(labels[i + 1])).Append('"');
        if (labels.Length > 0)
            _text.Append('}');
        _text.Append(' ').Append(value).Append('\n');
        return this;
    }

    static string Escape(string value) => value.Replace("\\", @"\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
