using Drover.Text;

namespace Drover.Linux.Tracing;

/// <summary>A request of the kernel's own, from its trace (module:module_request): it runs modprobe for it.</summary>
/// <param name="TimeUs">On the trace's clock: CLOCK_MONOTONIC.</param>
/// <param name="Name">The name that it asks for: <c>fs-ext4</c>.</param>
/// <param name="Comm">The thread that the kernel served.</param>
/// <param name="Pid">0 if unknown.</param>
public sealed record TracedRequest(long TimeUs, string Name, string Comm, int Pid, int Tid)
{
    /// <summary>The name in the event's text, <c>NAME wait=1 call_site=…</c>: include/trace/events/module.h.</summary>
    internal static string NameIn(ReadOnlySpan<byte> text)
    {
        var end = text.LastIndexOf(" wait="u8);
        return ByteText.Of(text[..(end < 0 ? text.Length : end)].Trim((byte)' '));
    }
}
