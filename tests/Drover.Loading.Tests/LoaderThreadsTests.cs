using System.Collections.Concurrent;
using Drover.Kernel;
using Drover.Linux.Runtime;

namespace Drover.Loading.Tests;

/// <summary>The loader on its real loop, with clients and kernel calls on real threads: races with the loop.</summary>
public sealed class LoaderThreadsTests
{
    const int Clients = 8, RequestsEach = 2000, ModuleCount = 60;

    [Fact]
    public void Requests_from_many_threads_converge_and_all_complete()
    {
        var modules = Enumerable.Range(0, ModuleCount).Select(i => new SimulatedModule($"m{i}")
        {
            Inode = (ulong)i,
            Dependencies = [.. Enumerable.Range(0, i).Where(j => (i + j) % 7 == 0).Select(j => $"m{j}").Reverse()],
            Replies = i % 10 == 9 ? [Errno.ENODEV] : [],
        }).ToArray();
        var loop = new LiveLoop();
        var kernel = new ThreadedKernel(loop, modules);
        var loader = NewLoader(loop, kernel, modules, jobs: 4);

        var outcomes = loop.Run(() => RequestFromThreadsAsync(loop, loader));

        Assert.Equal(Clients * RequestsEach, outcomes.Count);
        Assert.Empty(kernel.Violations);
        // every request is older than the first failure: one call per module, failing or not, and none for a module
        // that depends on a failing one
        Assert.All(kernel.Calls, call => Assert.Equal(1, call.Value));
        Assert.All(outcomes, outcome => Assert.Equal(kernel.IsLive(outcome.Module), outcome.IsAvailable));
        Assert.All(
            outcomes.Where(outcome => !outcome.IsAvailable), outcome => Assert.Equal(Errno.ENODEV, outcome.Error));
        Assert.InRange(kernel.PeakCalls, 1, 4);
    }

    [Fact]
    public void Requests_cancelled_from_other_threads_complete()
    {
        var modules = Enumerable.Range(0, ModuleCount)
            .Select(i => new SimulatedModule($"m{i}") { Inode = (ulong)i }).ToArray();
        var loop = new LiveLoop();
        var kernel = new ThreadedKernel(loop, modules);
        var loader = NewLoader(loop, kernel, modules, jobs: 2);

        var outcomes = loop.Run(() => RequestFromThreadsAsync(loop, loader, cancels: true));

        Assert.Equal(Clients * RequestsEach, outcomes.Count);
        Assert.Empty(kernel.Violations);
        Assert.All(kernel.Calls, call => Assert.Equal(1, call.Value));
    }

    static Loader NewLoader(LiveLoop loop, ThreadedKernel kernel, SimulatedModule[] modules, int jobs)
    {
        var options = new LoaderOptions { Jobs = jobs };
        var catalog = SimulatedMachine.Catalog(modules);
        return new Loader(loop, kernel, new NoLocks(), catalog, options) { ReceivesRemovals = true };
    }

    static async Task<List<ModuleOutcome>> RequestFromThreadsAsync(LiveLoop loop, Loader loader, bool cancels = false)
    {
        var outcomes = new List<ModuleOutcome>();
        var done = new TaskCompletionSource();
        for (var client = 0; client < Clients; client++)
        {
            var random = new Random(client);
            InBackground(() =>
            {
                for (var i = 0; i < RequestsEach; i++)
                {
                    var name = $"m{random.Next(ModuleCount)}";
                    var cancellation = cancels && random.Next(2) == 0 ? new CancellationTokenSource() : null;
                    loop.Post(() => _ = RequestAsync(name, cancellation?.Token ?? default));
                    cancellation?.Cancel();
                }
            });
        }
        await done.Task;
        return outcomes;

        async Task RequestAsync(string name, CancellationToken cancellationToken)
        {
            try
            {
                var request = new LoadRequest(name, Seqnum: 1);
                outcomes.AddRange((await loader.RequestAsync(request, cancellationToken)).Modules);
                if (outcomes.Count == Clients * RequestsEach)
                    done.SetResult();
            }
            catch (Exception fault)
            {
                done.TrySetException(fault);
            }
        }
    }

    static void InBackground(ThreadStart work) => new Thread(work) { IsBackground = true }.Start();

    sealed class NoLocks : IModuleLocks, IModuleLock
    {
        public KnownResult? LastFailure => null;

        public Task<IModuleLock?> EnterAsync(string module, CancellationToken cancellationToken) =>
            Task.FromResult<IModuleLock?>(this);

        public IModuleLock? TryEnter(string module) => this;

        public void RecordFailure(KnownResult? failure)
        {
        }

        public void Dispose()
        {
        }
    }

    /// <summary>A kernel that runs each call on a new thread.</summary>
    sealed class ThreadedKernel(LiveLoop loop, SimulatedModule[] modules) : IKernel
    {
        readonly Dictionary<string, SimulatedModule> _modules = modules.ToDictionary(module => module.Name);
        readonly ConcurrentDictionary<string, bool> _live = new(), _inFlight = new();
        int _calls;

        public ConcurrentDictionary<string, int> Calls { get; } = new();

        public ConcurrentQueue<string> Violations { get; } = new();

        public int PeakCalls { get; private set; }

        public int CpuCount => 4;

        public long AvailableBytes => 1L << 30;

        public ModuleCompression Decompresses => ModuleCompression.None;

        public ModuleCompression CheaperHere => ModuleCompression.None;

        public ulong UeventSeqnum => 1;

        public bool IsLive(string module) => _live.ContainsKey(module);

        public InitState InitStateOf(string module) =>
            _live.ContainsKey(module) ? InitState.Live
            : _inFlight.ContainsKey(module) ? InitState.Coming
            : InitState.Absent;

        public bool HasDrivers(string module) => true;

        public bool TryInspect(string path, out ModuleFileFacts facts, out LoadReply reason)
        {
            var module = _modules[Path.GetFileNameWithoutExtension(path)];
            var id = new FileId(1, module.Inode);
            facts = new ModuleFileFacts(id, default, module.FileBytes, module.ImageBytes, ModuleCompression.None);
            reason = default;
            return true;
        }

        public Task<LoadReply> LoadAsync(LoadCall call)
        {
            var replied = new TaskCompletionSource<LoadReply>();
            PeakCalls = Math.Max(PeakCalls, ++_calls);
            InBackground(() =>
            {
                if (!_inFlight.TryAdd(call.Module, true))
                    Violations.Enqueue($"{call.Module} twice in flight");
                if (_live.ContainsKey(call.Module))
                    Violations.Enqueue($"{call.Module} was live");
                Calls.AddOrUpdate(call.Module, 1, (_, count) => count + 1);
                Thread.Yield();
                var error = _modules[call.Module].Replies is [var reply] ? reply : Errno.None;
                if (error is Errno.None)
                    _live.TryAdd(call.Module, true);
                _inFlight.TryRemove(call.Module, out _);
                loop.Post(() =>
                {
                    _calls--;
                    replied.SetResult(new LoadReply(error));
                });
            });
            return replied.Task;
        }

        public Task<int> RunInstallCommandAsync(string command, string module) => Task.FromResult(0);
    }
}
