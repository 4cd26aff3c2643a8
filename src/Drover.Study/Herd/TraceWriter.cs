using Drover.Model.Kernel;

namespace Drover.Study.Herd;

/// <summary>Writes every event of a run as a line. For the thread of the run.</summary>
/// <param name="next">Gets the events as well.</param>
sealed class TraceWriter(TextWriter writer, IModelObserver? next = null) : IModelObserver
{
    public void Happened(in ModelEvent happened)
    {
        writer.WriteLine(LineOf(happened));
        next?.Happened(happened);
    }

    /// <summary><c>    0.004712300  task 17     e1000e: fails with ETXTBSY</c>.</summary>
    public static string LineOf(in ModelEvent happened)
    {
        var (seconds, ns) = Math.DivRem(happened.AtNs, 1_000_000_000);
        var task = happened.Task == 0 ? "kernel" : string.Create(CultureInfo.InvariantCulture, $"task {happened.Task}");
        return string.Create(
            CultureInfo.InvariantCulture, $"{seconds,5}.{ns:000000000}  {task,-10}  {PlainText.Of(TextOf(happened))}");
    }

    static string TextOf(in ModelEvent happened)
    {
        var module = happened.Module.Length > 0 ? $"{happened.Module}: " : "";
        var detail = happened.What.Length > 0 ? $": {happened.What}" : "";
        return module + happened.Kind switch
        {
            ModelEventKind.TaskBegins => $"begins{detail}",
            ModelEventKind.TaskEnds => $"ends{detail}",
            ModelEventKind.TaskKilled => $"is killed{detail}",
            ModelEventKind.CallBegins => $"calls {happened.What}",
            ModelEventKind.Stage => happened.What,
            ModelEventKind.Waits => $"waits{detail}",
            ModelEventKind.WaitEnds => $"continues{detail}",
            ModelEventKind.CallEnds => EndOf(happened),
            ModelEventKind.ModuleState => $"is {happened.What} now",
            ModelEventKind.Device => $"device {happened.What}",
            ModelEventKind.OutOfMemory => $"gets no memory: {ByteSize.Format(happened.Bytes)} requested{detail}",
            ModelEventKind.BootEnds => $"the boot phase ends{detail}",
            ModelEventKind.Note => happened.What,
            _ => throw new ArgumentOutOfRangeException(nameof(happened)),
        };
    }

    static string EndOf(in ModelEvent happened)
    {
        var end = happened.Error is Errno.None ? "returns 0" : $"fails with {ErrnoText.Name(happened.Error)}";
        return happened.Bytes > 0 ? $"{end}, {ByteSize.Format(happened.Bytes)} wasted" : end;
    }
}
