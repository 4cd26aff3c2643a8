using Drover.Loading;

namespace Drover.Model;

/// <summary>The gate of 9b9879fc0327: of all calls on one inode the first does the work, and the others wait and return its result. One owner, the simulation.</summary>
sealed class IdempotentGate(Simulation simulation)
{
    readonly Dictionary<Inode, Pass> _inFlight = [];

    internal Mutation Mutation { get; set; }

    /// <summary><c>idempotent()</c>: true for the first.</summary>
    public bool TryEnter(Inode inode, out Pass pass)
    {
        if (_inFlight.TryGetValue(inode, out pass!))
            return false;
        pass = new Pass(simulation);
        _inFlight.Add(inode, pass);
        return true;
    }

    /// <summary><c>idempotent_complete()</c>.</summary>
    public void Complete(Inode inode, Pass pass, Errno result)
    {
        _inFlight.Remove(inode);
        pass.Complete(result, wakes: Mutation is not Mutation.GateWakesNobody);
    }

    /// <summary>One call in flight and who waits for it.</summary>
    public sealed class Pass(Simulation simulation)
    {
        readonly WaitQueue _waiting = new(simulation);
        Errno? _result;

        /// <summary><c>idempotent_wait_for_completion</c>: interruptible.</summary>
        public async ValueTask<Errno> WaitAsync(ModelTask task)
        {
            while (_result is null)
            {
                if (!await _waiting.Wait(task))
                    return Errno.EINTR;
            }
            return _result.Value;
        }

        public void Complete(Errno result, bool wakes)
        {
            _result = result;
            if (wakes)
                _waiting.WakeAll();
        }
    }
}
