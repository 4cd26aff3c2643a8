using System.Text.Json;

namespace Drover.Control;

/// <summary>How long a call of io.drover.Loader may wait, as JSON.</summary>
public static class PatienceJson
{
    extension(Utf8JsonWriter json)
    {
        /// <summary>Whole milliseconds, at most <see cref="int.MaxValue"/> (24 days): a reader takes no more.</summary>
        public void WritePatience(TimeSpan patience) =>
            json.WriteNumber("patienceMs"u8, (int)Math.Clamp(patience.TotalMilliseconds, 0, int.MaxValue));
    }
}
