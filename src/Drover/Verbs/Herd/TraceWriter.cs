using System.Globalization;
using Drover.Cli;
using Drover.Loading;
using Drover.Model;
using Drover.Output;

namespace Drover.Verbs.Herd;

/// <summary>Writes every event of a run as a line: when, who, what. Used on the thread that runs it.</summary>
/// <param name="next">Is told, too; null for nobody.</param>
sealed class TraceWriter(TextWriter writer, IHerdObserver? next = null) : IHerdObserver
{
    public void Happened(in HerdEvent happened)
    {
        writer.WriteLine(LineOf(happened));
        next?.Happened(happened);
    }

    /// <summary><c>    0.004712300  task 17     e1000e: fails with ETXTBSY</c>; seconds with all of their ns, so that lines compare.</summary>
    public static string LineOf(in HerdEvent happened)
    {
        var who = happened.Task == 0 ? "kernel" : string.Create(CultureInfo.InvariantCulture, $"task {happened.Task}");
        return string.Create(CultureInfo.InvariantCulture, $"{happened.AtNs / 1_000_000_000,5}.{happened.AtNs % 1_000_000_000:000000000}  {who,-10}  {PlainText.Of(WhatOf(happened))}");
    }

    static string WhatOf(in HerdEvent happened)
    {
        var about = happened.Module.Length > 0 ? $"{happened.Module}: " : "";
        var detail = happened.What.Length > 0 ? $": {happened.What}" : "";
        return happened.Kind switch
        {
            HerdEventKind.TaskBegins => $"{about}begins{detail}",
            HerdEventKind.TaskEnds => $"{about}ends{detail}",
            HerdEventKind.TaskKilled => $"{about}is killed{detail}",
            HerdEventKind.CallBegins => $"{about}calls {happened.What}",
            HerdEventKind.Stage => $"{about}{happened.What}",
            HerdEventKind.Waits => $"{about}waits{detail}",
            HerdEventKind.WaitEnds => $"{about}goes on{detail}",
            HerdEventKind.CallEnds => $"{about}{EndOf(happened)}",
            HerdEventKind.ModuleState => $"{about}is {happened.What} now",
            HerdEventKind.Device => $"{about}device {happened.What}",
            HerdEventKind.OutOfMemory => $"{about}gets no memory: {ByteSize.Format(happened.Bytes)} asked for{detail}",
            HerdEventKind.BootEnds => $"{about}the boot phase ends{detail}",
            HerdEventKind.Note => $"{about}{happened.What}",
            _ => throw new ArgumentOutOfRangeException(nameof(happened)),
        };
    }

    static string EndOf(in HerdEvent happened)
    {
        var end = happened.Error is Errno.None ? "returns 0" : $"fails with {ErrnoText.Name(happened.Error)}";
        return happened.Bytes > 0 ? $"{end}, {ByteSize.Format(happened.Bytes)} wasted" : end;
    }
}
