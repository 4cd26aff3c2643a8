namespace Drover.Loading;

/// <summary>At most one load a file at a time (design rule 1): two names may lead to one inode, and the kernel's own gates go by the inode. One owner, the event loop.</summary>
sealed class FileSlots
{
    readonly Dictionary<FileId, TaskCompletionSource> _held = [];

    /// <summary>Waits for the file and holds it until the result is disposed.</summary>
    public async Task<IDisposable> EnterAsync(FileId file)
    {
        while (_held.TryGetValue(file, out var holder))
            await holder.Task;
        var released = new TaskCompletionSource();
        _held.Add(file, released);
        return new Slot(() =>
        {
            _held.Remove(file);
            released.SetResult();
        });
    }

    sealed class Slot(Action release) : IDisposable
    {
        public void Dispose() => release();
    }
}
