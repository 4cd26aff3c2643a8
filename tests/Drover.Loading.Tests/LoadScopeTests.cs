using Drover.Kernel;

namespace Drover.Loading.Tests;

/// <summary>What is loaded with a module: its dependencies, softdeps and commands, fewer with
/// a narrower scope.</summary>
public sealed class LoadScopeTests
{
    const string Elsewhere = "/elsewhere/user.ko";

    [Fact]
    public void Softdep_by_alias_has_the_options_of_the_alias()
    {
        const string Config = """
            alias mynet e1000e
            alias mylog log
            options e1000e a=1
            options mynet b=2
            options mylog c=3
            softdep target pre: mynet post: mylog
            """;
        var scene = new Scene(
            [new("target") { Inode = 1 }, new("e1000e") { Inode = 2 }, new("log") { Inode = 3 }], config: Config);
        scene.Run(loader => Scene.One(loader, "target"));
        Assert.Equal(
            ["e1000e a=1 b=2", "target ", "log c=3"],
            scene.Machine.Ended.Select(ended => $"{ended.Call.Module} {ended.Call.Parameters}"));
    }

    [Fact]
    public void Load_by_alias_has_the_options_of_that_alias_only()
    {
        const string Config = "alias mynet e1000e\nalias other e1000e\noptions mynet b=2\noptions other c=3";
        var scene = new Scene([new("e1000e")], config: Config);
        scene.Run(loader => Scene.One(loader, "mynet"));
        Assert.Equal("b=2", scene.Machine.Ended.Single().Call.Parameters);
    }

    [Fact]
    public void Softdep_may_name_an_install_command_without_module()
    {
        const string Config = """
            install pre* true
            install prepare true one
            install finish true two
            softdep target pre: prepare post: finish nothing
            """;
        var scene = new Scene([new("target")], config: Config);
        scene.Run(loader => Scene.One(loader, "target"));
        Assert.Equal(["true one", "true two"], scene.Machine.Commands);
    }

    [Fact]
    public void A_command_runs_between_its_softdeps()
    {
        const string Config = """
            install prepare true
            install again false
            softdep target pre: prepare
            softdep prepare pre: first again post: second
            softdep again pre: prepare
            softdep first pre: prepare
            """;
        var scene = new Scene(
            [new("target") { Inode = 1 }, new("first") { Inode = 2 }, new("second") { Inode = 3 }], config: Config);
        scene.Run(loader => Scene.One(loader, "target"));
        Assert.Equal(
            ["first", "second", "target"], scene.Machine.Ended.Select(ended => ended.Call.Module).Order());
        Assert.Equal(["false", "true"], scene.Machine.Commands.Order());
    }

    [Fact]
    public void A_command_takes_the_place_of_its_module_whatever_softdeps_there_are()
    {
        const string Config = "install off /bin/false\nsoftdep off pre: first post: second";
        var scene = new Scene(
            [new("off"), new("first") { Inode = 2 }, new("second") { Inode = 3 }], config: Config);
        scene.Machine.CommandStatus = 1;
        var outcome = scene.Run(loader => Scene.One(loader, "off"));
        Assert.Equal(OutcomeKind.Failed, outcome.Kind);
        Assert.Equal("first", scene.Machine.Ended.Single().Call.Module);
        Assert.Equal(["/bin/false"], scene.Machine.Commands);
    }

    [Fact]
    public void Request_for_a_command_without_module_loads_its_softdeps_around_it()
    {
        const string Config = "install prepare true\nsoftdep prepare pre: first post: second";
        var scene = new Scene([new("first"), new("second") { Inode = 2 }], config: Config);
        var outcome = scene.Run(loader => Scene.One(loader, "prepare"));
        Assert.Equal(OutcomeKind.Loaded, outcome.Kind);
        Assert.Equal(["first", "second"], scene.Machine.Ended.Select(ended => ended.Call.Module));
        Assert.Equal(["true"], scene.Machine.Commands);
    }

    [Fact]
    public void File_with_scope_Alone_loads_nothing_else()
    {
        var scene = User("install user /bin/false");
        scene.Machine.Forgiving = true;
        var request = new LoadRequest(Elsewhere, Parameters: "y=2") { File = Elsewhere, Scope = LoadScope.Alone };
        var outcome = scene.Run(loader => One(loader, request));
        Assert.Equal(OutcomeKind.Loaded, outcome.Kind);
        Assert.Empty(scene.Machine.Commands);
        var call = scene.Machine.Ended.Single().Call;
        Assert.Equal((Elsewhere, "y=2"), (call.Path, call.Parameters));
    }

    [Fact]
    public void File_replaces_the_indexed_file_and_loads_the_same_dependencies()
    {
        var scene = User("");
        var outcome = scene.Run(loader => One(loader, new LoadRequest(Elsewhere) { File = Elsewhere }));
        Assert.Equal(OutcomeKind.Loaded, outcome.Kind);
        Assert.Equal(
            ["after", "before", "lib", "user"], scene.Machine.Ended.Select(ended => ended.Call.Module).Order());
        Assert.Equal(Elsewhere, scene.Machine.Ended.Single(ended => ended.Call.Module == "user").Call.Path);
    }

    [Fact]
    public void File_outside_the_indexes_is_loaded()
    {
        var scene = new Scene([new("stray") { Path = "/elsewhere/stray.ko" }]);
        var request = new LoadRequest("/elsewhere/stray.ko") { File = "/elsewhere/stray.ko" };
        var outcome = scene.Run(loader => One(loader, request));
        Assert.Equal(("stray", OutcomeKind.Loaded), (outcome.Module, outcome.Kind));
    }

    [Fact]
    public void Scope_WithoutCommand_skips_softdeps_but_not_commands_of_dependencies()
    {
        var scene = new Scene(
            [
                new("lib") { Inode = 1 }, new("user") { Inode = 2, Dependencies = ["lib"], Before = ["before"] },
                new("before") { Inode = 3 },
            ],
            config: "install user /bin/false\ninstall lib /bin/true");
        scene.Machine.Forgiving = true; // the command loads no lib
        var outcome = scene.Run(loader => One(loader, new LoadRequest("user") { Scope = LoadScope.WithoutCommand }));
        Assert.Equal(OutcomeKind.Loaded, outcome.Kind);
        Assert.Equal(["/bin/true"], scene.Machine.Commands);
        Assert.Equal(["user"], scene.Machine.Ended.Select(ended => ended.Call.Module));
    }

    [Fact]
    public void Install_command_may_load_its_own_module()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var scene = new Scene([new("oss")], config: "install oss modprobe --ignore-install oss", seed: seed);
            var inner = new LoadRequest("oss") { Scope = LoadScope.WithoutCommand };
            scene.Machine.InCommand = async loader => await One(loader, inner);
            var outcomes = scene.Run(loader => Scene.All([loader.RequestAsync("oss"), loader.RequestAsync("oss")]));
            Assert.All(outcomes, outcome => Assert.True(outcome.IsAvailable, $"seed {seed}: {outcome}"));
            Assert.Equal((1, 1), (scene.Machine.Commands.Count, scene.Machine["oss"].Calls));
        }
    }

    [Theory]
    [InlineData(IgnoredChecks.None)]
    [InlineData(IgnoredChecks.Vermagic)]
    [InlineData(IgnoredChecks.Modversions | IgnoredChecks.Vermagic)]
    public void Ignored_checks_are_passed_in_every_call(IgnoredChecks ignored)
    {
        var scene = new Scene(
            [new("lib") { Inode = 1 }, new("user") { Inode = 2, Dependencies = ["lib"] }], ignored: ignored);
        scene.Run(loader => Scene.One(loader, "user"));
        Assert.Equal([ignored, ignored], scene.Machine.Ended.Select(ended => ended.Call.Ignored));
    }

    static Scene User(string config) => new(
        [
            new("lib") { Inode = 1 }, new("before") { Inode = 2 }, new("after") { Inode = 3 },
            new("user")
            {
                Inode = 4,
                Path = Elsewhere,
                Dependencies = ["lib"],
                Before = ["before"],
                After = ["after"],
            },
        ],
        config: config);

    static async Task<ModuleOutcome> One(Loader loader, LoadRequest request) =>
        Assert.Single((await loader.RequestAsync(request)).Modules);
}
