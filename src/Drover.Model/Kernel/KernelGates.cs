using Drover.Model.Time;

namespace Drover.Model.Kernel;

/// <summary>What the kernel does about a second load of a file that is being loaded.</summary>
public enum GateKind
{
    /// <summary>Up to 6.3: it reads and verifies the file, and finds the module in its list at the end.</summary>
    None,
    /// <summary>6.4 (064f4536d139): it reads the file, and finds the module before the layout.</summary>
    EarlyCheck,
    /// <summary>Commit 9828ed3f695a: ETXTBSY at once.</summary>
    Exclusive,
    /// <summary>From 6.5 (9b9879fc0327): the call waits and returns the result of the first one.</summary>
    Idempotent,
}

public static class KernelGates
{
    /// <summary>None up to 6.3, the early check in 6.4 (064f4536d139), idempotent from 6.5 (9b9879fc0327); null where
    /// the text does not begin with a version. A release does not show what a distribution has backported. 9828ed3f695a
    /// was in no release.</summary>
    /// <param name="release">As <c>uname -r</c> prints it.</param>
    public static GateKind? Of(string release)
    {
        var parts = release.Split('.', '-', '+', '~');
        if (parts.Length < 2 || Number(parts[0]) is not { } major || Number(parts[1]) is not { } minor)
            return null;
        return (major, minor) switch
        {
            ( < 6, _) or (6, < 4) => GateKind.None,
            (6, 4) => GateKind.EarlyCheck,
            _ => GateKind.Idempotent,
        };

        static int? Number(string text) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}

/// <summary>The gate of 9b9879fc0327: the first call on an inode does the work, the others wait and return its result.
/// Belongs to the simulation. Tests override methods to break it.</summary>
class IdempotentGate(Simulation simulation)
{
    readonly Dictionary<Inode, FirstCall> _inFlight = [];

    /// <summary><c>idempotent()</c>: true for the first call.</summary>
    public bool TryEnter(Inode inode, out FirstCall first)
    {
        if (_inFlight.TryGetValue(inode, out first!))
            return false;
        first = new FirstCall(new WaitQueue(simulation));
        _inFlight.Add(inode, first);
        return true;
    }

    /// <summary><c>idempotent_complete()</c>.</summary>
    public void Complete(Inode inode, FirstCall first, Errno result)
    {
        Debug.Assert(first.Result is null, "a call ends once");
        var removed = _inFlight.Remove(inode);
        Debug.Assert(removed, "a call in flight is in the table");
        first.Result = result;
        Wake(first.Waiting);
    }

    protected virtual void Wake(WaitQueue waiting) => waiting.WakeAll();

    public sealed class FirstCall(WaitQueue waiting)
    {
        public WaitQueue Waiting { get; } = waiting;
        public Errno? Result { get; set; }

        /// <summary><c>idempotent_wait_for_completion</c>: interruptible.</summary>
        public async ValueTask<Errno> WaitAsync(ModelTask task)
        {
            while (Result is null)
            {
                if (!await Waiting.Wait(task))
                    return Errno.EINTR;
            }
            return Result.Value;
        }
    }
}
