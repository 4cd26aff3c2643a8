using System.Collections.Concurrent;
using Drover.Linux;
using Drover.Modules;

namespace Drover.Loading.Tests;

/// <summary>The loader on its real loop, with askers and kernel calls on real threads: what the simulator cannot show is a race between them and the loop.</summary>
public sealed class LoaderThreadsTests
{
    const int Askers = 8, RequestsEach = 2000, ModuleCount = 60;

    [Fact]
    public void Askers_on_many_threads_converge_and_all_are_answered()
    {
        var modules = Enumerable.Range(0, ModuleCount).Select(i => new SimulatedModule($"m{i}")
        {
            Inode = (ulong)i,
            Dependencies = [.. Enumerable.Range(0, i).Where(j => (i + j) % 7 == 0).Select(j => $"m{j}").Reverse()],
            Replies = i % 10 == 9 ? [Errno.ENODEV] : [],
        }).ToArray();
        using var loop = new LiveLoop();
        var kernel = new ThreadedKernel(loop, modules);
        var loader = new Loader(loop, kernel, new OpenGate(), SimulatedMachine.Catalog(modules), new LoaderOptions { Jobs = 4 }) { HearsOfRemovals = true };

        var answers = loop.Run(() => AskFromThreadsAsync(loop, loader));

        Assert.Equal(Askers * RequestsEach, answers.Count);
        Assert.Empty(kernel.Violations);
        // every request is an event from before the first failure: one call a module, hopeless or not; one that needs a hopeless one is never called for
        Assert.All(kernel.Calls, call => Assert.Equal(1, call.Value));
        Assert.All(answers, answer => Assert.Equal(kernel.IsLive(answer.Module), answer.IsAvailable));
        Assert.All(answers.Where(answer => !answer.IsAvailable), answer => Assert.Equal(Errno.ENODEV, answer.Error));
        Assert.InRange(kernel.PeakCalls, 1, 4);
    }

    [Fact]
    public void Askers_that_leave_from_other_threads_are_answered_too()
    {
        var modules = Enumerable.Range(0, ModuleCount).Select(i => new SimulatedModule($"m{i}") { Inode = (ulong)i }).ToArray();
        using var loop = new LiveLoop();
        var kernel = new ThreadedKernel(loop, modules);
        var loader = new Loader(loop, kernel, new OpenGate(), SimulatedMachine.Catalog(modules), new LoaderOptions { Jobs = 2 }) { HearsOfRemovals = true };

        var answers = loop.Run(() => AskFromThreadsAsync(loop, loader, leave: true));

        Assert.Equal(Askers * RequestsEach, answers.Count);
        Assert.Empty(kernel.Violations);
        Assert.All(kernel.Calls, call => Assert.Equal(1, call.Value));
    }

    static async Task<List<ModuleOutcome>> AskFromThreadsAsync(LiveLoop loop, Loader loader, bool leave = false)
    {
        var answers = new List<ModuleOutcome>();
        var done = new TaskCompletionSource();
        for (var asker = 0; asker < Askers; asker++)
        {
            var random = new Random(asker);
            InBackground(() =>
            {
                for (var i = 0; i < RequestsEach; i++)
                {
                    var asked = $"m{random.Next(ModuleCount)}";
                    var leaving = leave && random.Next(2) == 0 ? new CancellationTokenSource() : null;
                    loop.Post(() => _ = AskAsync(asked, leaving?.Token ?? default));
                    leaving?.Cancel();
                }
            });
        }
        await done.Task;
        return answers;

        async Task AskAsync(string asked, CancellationToken leaving)
        {
            try
            {
                answers.AddRange((await loader.RequestAsync(new LoadRequest(asked, Seqnum: 1), leaving)).Modules);
                if (answers.Count == Askers * RequestsEach)
                    done.SetResult();
            }
            catch (Exception fault)
            {
                done.TrySetException(fault);
            }
        }
    }

    static void InBackground(ThreadStart work) => new Thread(work) { IsBackground = true }.Start();

    sealed class OpenGate : IModuleGate, IModuleGatePass
    {
        public KnownResult? LastFailure => null;

        public Task<IModuleGatePass?> EnterAsync(string module, CancellationToken leave) => Task.FromResult<IModuleGatePass?>(this);

        public IModuleGatePass? TryEnter(string module) => this;

        public void Leave(KnownResult? failure)
        {
        }

        public void Dispose()
        {
        }
    }

    /// <summary>A kernel whose calls run on threads of their own.</summary>
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

        public ulong UeventSeqnum => 1;

        public bool IsLive(string module) => _live.ContainsKey(module);

        public InitState InitStateOf(string module) => _live.ContainsKey(module) ? InitState.Live : _inFlight.ContainsKey(module) ? InitState.Coming : InitState.Absent;

        public bool HasDrivers(string module) => true;

        public bool TryInspect(string path, out ModuleFileFacts facts, out LoadReply reason)
        {
            var module = _modules[Path.GetFileNameWithoutExtension(path)];
            facts = new ModuleFileFacts(new FileId(1, module.Inode), default, module.FileBytes, module.ImageBytes, ModuleCompression.None);
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
