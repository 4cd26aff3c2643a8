using Drover.Kernel;
using Drover.Modules.Config;

namespace Drover.Loading.Tests;

/// <summary>The policy holds for every way to a module, and says which line and which chain.</summary>
public sealed class PolicyTests
{
    const string ForbidLib = "forbid lib because CVE-2026-1";
    const string ByLine = "policy forbids it (policy.conf:1: because CVE-2026-1)";
    const string NeedsIt = "which policy forbids (policy.conf:1: because CVE-2026-1)";

    [Theory]
    [InlineData("lib", "not loaded: " + ByLine)]
    [InlineData("bus:lib", "not loaded: " + ByLine)]
    [InlineData("mid", "not loaded: needs lib, " + NeedsIt)]
    [InlineData("top", "not loaded: needs mid, which needs lib, " + NeedsIt)]
    [InlineData("named", "not loaded: " + ByLine)]
    public void A_forbidden_module_bars_whoever_needs_it(string name, string why)
    {
        var scene = NewScene(ForbidLib);
        var outcome = scene.Run(loader => Scene.One(loader, name));
        Assert.Equal((OutcomeKind.Forbidden, Errno.EPERM, why), (outcome.Kind, outcome.Error, outcome.Why));
        Assert.Empty(scene.Machine.Ended);
        Assert.Equal($"{outcome.Module}: Forbade", Assert.Single(scene.Applied));
    }

    [Fact]
    public void A_forbidden_softdep_is_left_out()
    {
        var scene = NewScene(ForbidLib, config: "softdep other pre: mid post: lib");
        var outcome = scene.Run(loader => Scene.One(loader, "other"));
        Assert.Equal(OutcomeKind.Loaded, outcome.Kind);
        Assert.Equal(["other"], scene.Machine.Ended.Select(ended => ended.Call.Module));
    }

    [Fact]
    public void What_is_live_is_not_loaded_and_not_forbidden()
    {
        var scene = NewScene(ForbidLib);
        scene.Machine["lib"].State = InitState.Live;
        Assert.Equal(OutcomeKind.AlreadyLive, scene.Run(loader => Scene.One(loader, "lib")).Kind);
        Assert.Equal(OutcomeKind.Loaded, scene.Run(loader => Scene.One(loader, "top")).Kind);
    }

    [Fact]
    public void An_install_command_does_not_run_for_a_forbidden_module()
    {
        var scene = NewScene("forbid lib\nforbid alone", config: "install lib /bin/true\ninstall alone /bin/true");
        foreach (var name in (string[])["lib", "alone"])
            Assert.Equal(OutcomeKind.Forbidden, scene.Run(loader => Scene.One(loader, name)).Kind);
        Assert.Empty(scene.Machine.Commands);
    }

    [Theory]
    [InlineData(LoadScope.Full)]
    [InlineData(LoadScope.WithoutCommand)]
    [InlineData(LoadScope.Alone)]
    public void It_holds_for_files_in_every_scope(LoadScope scope)
    {
        var scene = NewScene("forbid path:/elsewhere/*");
        var request = new LoadRequest("/elsewhere/stray.ko") { File = "/elsewhere/stray.ko", Scope = scope };
        Assert.Equal(OutcomeKind.Forbidden, One(scene, request).Kind);
        Assert.Empty(scene.Machine.Ended);
    }

    [Theory]
    [InlineData("top", true)]
    [InlineData("lib", false)]
    [InlineData("other", false)]
    public void With_default_forbid_an_allowed_module_brings_what_it_needs(string name, bool isLoaded)
    {
        var scene = NewScene("default forbid\nallow top", config: "softdep top pre: extra");
        var outcome = scene.Run(loader => Scene.One(loader, name));
        Assert.Equal(isLoaded ? OutcomeKind.Loaded : OutcomeKind.Forbidden, outcome.Kind);
        Assert.Equal(
            isLoaded ? ["extra", "lib", "mid", "top"] : [],
            scene.Machine.Ended.Select(ended => ended.Call.Module).Order());
    }

    [Fact]
    public void A_modalias_may_be_allowed_or_forbidden_by_itself()
    {
        var scene = NewScene("default forbid\nallow bus:l*");
        Assert.Equal(OutcomeKind.Loaded, scene.Run(loader => Scene.One(loader, "bus:lib")).Kind);
        Assert.Equal(OutcomeKind.Forbidden, scene.Run(loader => Scene.One(loader, "mid")).Kind);
        scene = NewScene("forbid bus:l*");
        Assert.Equal(OutcomeKind.Forbidden, scene.Run(loader => Scene.One(loader, "bus:lib")).Kind);
        Assert.Equal(OutcomeKind.Loaded, scene.Run(loader => Scene.One(loader, "lib")).Kind);
    }

    [Fact]
    public void A_client_has_lines_of_its_own()
    {
        var scene = NewScene("forbid lib client:uid:7\nforbid mid client:cgroup:/docker/*");
        var docker = new PolicyClient(0, () => "/docker/1");
        Assert.Equal(OutcomeKind.Forbidden, One(scene, new("lib") { Client = new(7, () => null) }).Kind);
        Assert.Equal(OutcomeKind.Forbidden, One(scene, new("top") { Client = docker }).Kind);
        Assert.Equal(OutcomeKind.Loaded, One(scene, new("lib") { Client = docker }).Kind);
        Assert.Equal(OutcomeKind.Loaded, One(scene, new("top")).Kind);
    }

    [Fact]
    public void A_warned_module_is_loaded_and_named()
    {
        var scene = NewScene("warn lib because it is old");
        var outcome = scene.Run(loader => Scene.One(loader, "mid"));
        Assert.Equal((OutcomeKind.Loaded, null), (outcome.Kind, outcome.Why));
        Assert.Equal(["lib: Warned"], scene.Applied);
        outcome = NewScene("warn lib because it is old").Run(loader => Scene.One(loader, "lib"));
        Assert.Equal("the policy warns of it (policy.conf:1: because it is old)", outcome.Why);
    }

    [Fact]
    public void A_warn_only_policy_forbids_nothing_and_says_what_it_would_have()
    {
        var scene = NewScene("mode warn-only\nforbid lib");
        Assert.Equal(OutcomeKind.Loaded, scene.Run(loader => Scene.One(loader, "top")).Kind);
        Assert.Equal(["lib: Warned"], scene.Applied);
        Assert.Equal("loaded only because the policy is warn-only: policy forbids it (policy.conf:2: forbid lib)",
            scene.LastWhy);
    }

    [Fact]
    public void An_override_loads_all_that_a_request_needs_and_says_so()
    {
        var scene = NewScene(ForbidLib);
        Assert.Equal(OutcomeKind.Loaded, One(scene, new("top") { OverridesPolicy = true }).Kind);
        Assert.Equal(["lib: Overridden"], scene.Applied);
        Assert.Equal($"policy overridden: {ByLine}", scene.LastWhy);
    }

    [Fact]
    public void An_override_that_joins_a_forbidden_load_is_loaded_all_the_same()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var scene = NewScene("", seed: seed, jobs: 1);
            var outcomes = scene.Run(async loader =>
            {
                var busy = loader.RequestAsync("other");
                var plain = loader.RequestAsync("lib");
                var overriding = loader.RequestAsync(new LoadRequest("lib") { OverridesPolicy = true });
                await scene.Loop.Delay(TimeSpan.FromMilliseconds(1));
                loader.UseCatalog(scene.CatalogWith("forbid lib"));
                return await Scene.All([busy, plain, overriding]);
            });
            Assert.Equal(
                [OutcomeKind.Loaded, OutcomeKind.Forbidden, OutcomeKind.Loaded],
                outcomes.Select(outcome => outcome.Kind));
        }
    }

    [Fact]
    public void A_reload_stops_what_has_not_reached_the_kernel()
    {
        var scene = NewScene("", jobs: 1);
        var outcomes = scene.Run(async loader =>
        {
            var requests = ((string[])["other", "mid"]).Select(loader.RequestAsync).ToArray();
            await scene.Loop.Delay(TimeSpan.FromMilliseconds(1));
            loader.UseCatalog(scene.CatalogWith(ForbidLib));
            return await Scene.All(requests);
        });
        Assert.Equal([OutcomeKind.Loaded, OutcomeKind.Forbidden], outcomes.Select(outcome => outcome.Kind));
        Assert.Equal($"not loaded: needs lib: not loaded: {ByLine}", outcomes[1].Why);
        Assert.Equal(["other"], scene.Machine.Ended.Select(ended => ended.Call.Module));
    }

    [Fact]
    public void A_preferred_module_takes_the_place_of_another_one_of_the_request()
    {
        var scene = NewScene("prefer other over lib", [("bus:*", "lib"), ("bus:*", "other"), ("bus:*", "extra")]);
        var outcomes = scene.Run(loader => loader.RequestAsync("bus:x")).Modules;
        Assert.Equal(
            [OutcomeKind.Blacklisted, OutcomeKind.Loaded, OutcomeKind.Loaded], outcomes.Select(one => one.Kind));
        Assert.Equal("lib is left out: policy prefers other (policy.conf:1)", outcomes[0].Why);
        Assert.Equal(OutcomeKind.Loaded, scene.Run(loader => Scene.One(loader, "lib")).Kind);
        scene = NewScene("prefer other over lib\nforbid other", [("bus:*", "lib"), ("bus:*", "other")]);
        outcomes = scene.Run(loader => loader.RequestAsync("bus:x")).Modules;
        Assert.Equal([OutcomeKind.Loaded, OutcomeKind.Forbidden], outcomes.Select(one => one.Kind));
    }

    [Theory]
    [InlineData(ForbidLib, "top", "", "top")]
    [InlineData(ForbidLib, "other", "other", "mid")]
    [InlineData("default forbid\nallow other", "other", "lib mid other", "")]
    [InlineData("default forbid\nallow top", "other", "", "other")]
    [InlineData("", "other", "lib mid other", "")]
    public void A_plan_leaves_out_what_the_loader_does(string policy, string name, string steps, string forbidden)
    {
        var scene = NewScene(policy, config: "softdep other pre: mid");
        var plan = ModulePlan.Of(
            new Planner(scene.Catalog), [new LoadRequest(name)], scene.Machine.InitStateOf, remarkNotFound: true);
        Assert.Equal(steps, string.Join(' ', plan.Steps.Select(step => step.Name)));
        Assert.Equal(forbidden, string.Join(' ', plan.Remarks.Select(remark => remark.Outcome.Module)));
        Assert.All(plan.Remarks, remark => Assert.Equal(OutcomeKind.Forbidden, remark.Outcome.Kind));
        var outcome = scene.Run(loader => Scene.One(loader, name));
        Assert.Equal(forbidden == name, outcome.Kind is OutcomeKind.Forbidden);
        Assert.Equal(
            steps.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            scene.Machine.Ended.Select(ended => ended.Call.Module));
    }

    static PolicyScene NewScene(
        string policy, (string Alias, string Module)[]? aliases = null, string config = "", int seed = 1,
        int jobs = 16) => new(policy, aliases ?? [("bus:*", "lib")], config, seed, jobs);

    static ModuleOutcome One(PolicyScene scene, LoadRequest request) =>
        Assert.Single(scene.Run(loader => loader.RequestAsync(request)).Modules);
}

/// <summary>top needs mid, mid needs lib; other, extra and stray need nothing.</summary>
sealed class PolicyScene : ILoaderObserver
{
    readonly SimulatedModule[] _modules =
    [
        new("lib") { Inode = 1 }, new("mid") { Inode = 2, Dependencies = ["lib"] },
        new("top") { Inode = 3, Dependencies = ["mid", "lib"] }, new("other") { Inode = 4 }, new("extra") { Inode = 5 },
        new("stray") { Inode = 6, Path = "/elsewhere/stray.ko" },
    ];

    readonly (string Alias, string Module)[] _aliases;
    readonly string _config;

    public PolicyScene(string policy, (string Alias, string Module)[] aliases, string config, int seed, int jobs)
    {
        (_aliases, _config) = (aliases, "alias named lib\n" + config);
        Loop = new(seed);
        Machine = new SimulatedMachine(Loop, _modules, 1 << 30, jobs);
        Catalog = CatalogWith(policy);
        var options = new LoaderOptions { BudgetBytes = 1 << 30, Jobs = jobs, Stagger = default };
        Loader = new Loader(Loop, Machine, new SimulatedLocks(Loop), Catalog, options, this)
        {
            ReceivesRemovals = true,
        };
    }

    public Drover.Model.Time.SimulatedLoop Loop { get; }

    public SimulatedMachine Machine { get; }

    public ModuleCatalog Catalog { get; }

    public Loader Loader { get; }

    public List<string> Applied { get; } = [];

    public string? LastWhy { get; private set; }

    public T Run<T>(Func<Loader, Task<T>> main) => Loop.Run(() => main(Loader));

    public ModuleCatalog CatalogWith(string policy)
    {
        var catalog = SimulatedMachine.Catalog(_modules, _aliases, _config);
        return new ModuleCatalog(catalog.Tree, catalog.Config)
        {
            Policy = policy.Length == 0 ? null : ModulePolicy.Parse(policy, fileTexts: _ => default),
        };
    }

    public void PolicyApplied(LoadRequest source, string module, PolicyAction action, string why)
    {
        Applied.Add($"{module}: {action}");
        LastWhy = why;
    }
}
