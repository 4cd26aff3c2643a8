namespace Drover.Loading.Tests;

/// <summary>What comes along with a module: all that belongs to it, less with a narrower scope, and by which file and under which alias.</summary>
public sealed class LoadScopeTests
{
    const string Elsewhere = "/elsewhere/user.ko";

    [Fact]
    public void A_softdep_through_an_alias_brings_the_options_of_the_alias()
    {
        const string Config = """
            alias mynet e1000e
            alias mylog log
            options e1000e a=1
            options mynet b=2
            options mylog c=3
            softdep target pre: mynet post: mylog
            """;
        var scene = new Scene([new("target") { Inode = 1 }, new("e1000e") { Inode = 2 }, new("log") { Inode = 3 }], config: Config);
        scene.Run(loader => Scene.One(loader, "target"));
        Assert.Equal(["e1000e a=1 b=2", "target ", "log c=3"], scene.Machine.Ended.Select(ended => $"{ended.Call.Module} {ended.Call.Parameters}"));
    }

    [Fact]
    public void A_module_asked_for_through_an_alias_has_the_options_of_that_alias_alone()
    {
        var scene = new Scene([new("e1000e")], config: "alias mynet e1000e\nalias other e1000e\noptions mynet b=2\noptions other c=3");
        scene.Run(loader => Scene.One(loader, "mynet"));
        Assert.Equal("b=2", scene.Machine.Ended.Single().Call.Parameters);
    }

    [Fact]
    public void A_softdep_may_name_a_mere_command()
    {
        var scene = new Scene([new("target")], config: "install * true\ninstall prepare true one\ninstall finish true two\nsoftdep target pre: prepare post: finish nothing");
        scene.Run(loader => Scene.One(loader, "target"));
        Assert.Equal(["true one", "true two"], scene.Machine.Commands);
    }

    [Fact]
    public void A_mere_command_with_softdeps_brings_those_in_its_place()
    {
        const string Config = """
            install prepare true
            install again true
            softdep target pre: prepare
            softdep prepare pre: first again post: second
            softdep again pre: prepare
            softdep first pre: prepare
            """;
        var scene = new Scene([new("target") { Inode = 1 }, new("first") { Inode = 2 }, new("second") { Inode = 3 }], config: Config);
        scene.Run(loader => Scene.One(loader, "target"));
        Assert.Equal(["second", "first", "target"], scene.Machine.Ended.Select(ended => ended.Call.Module));
        Assert.Empty(scene.Machine.Commands);
    }

    [Fact]
    public void A_mere_command_with_softdeps_asked_for_itself_brings_those_before_it_and_is_not_found()
    {
        var scene = new Scene([new("first"), new("second") { Inode = 2 }], config: "install prepare true\nsoftdep prepare pre: first post: second");
        var outcome = scene.Run(loader => Scene.One(loader, "prepare"));
        Assert.Equal(OutcomeKind.NotFound, outcome.Kind);
        Assert.Equal("first", scene.Machine.Ended.Single().Call.Module);
        Assert.Empty(scene.Machine.Commands);
    }

    [Fact]
    public void A_file_alone_brings_nothing_that_belongs_to_it()
    {
        var scene = User("install user /bin/false");
        scene.Machine.Forgiving = true;
        var outcome = scene.Run(loader => One(loader, new LoadRequest(Elsewhere, Parameters: "y=2") { File = Elsewhere, Scope = LoadScope.Alone }));
        Assert.Equal(OutcomeKind.Loaded, outcome.Kind);
        Assert.Empty(scene.Machine.Commands);
        Assert.Equal((Elsewhere, "y=2"), (scene.Machine.Ended.Single().Call.Path, scene.Machine.Ended.Single().Call.Parameters));
    }

    [Fact]
    public void A_file_takes_the_place_of_the_indexs_and_brings_what_that_would_bring()
    {
        var scene = User("");
        var outcome = scene.Run(loader => One(loader, new LoadRequest(Elsewhere) { File = Elsewhere }));
        Assert.Equal(OutcomeKind.Loaded, outcome.Kind);
        Assert.Equal(["after", "before", "lib", "user"], scene.Machine.Ended.Select(ended => ended.Call.Module).Order());
        Assert.Equal(Elsewhere, scene.Machine.Ended.Single(ended => ended.Call.Module == "user").Call.Path);
    }

    [Fact]
    public void A_file_that_no_index_knows_is_loaded()
    {
        var scene = new Scene([new("stray") { Path = "/elsewhere/stray.ko" }]);
        var outcome = scene.Run(loader => One(loader, new LoadRequest("/elsewhere/stray.ko") { File = "/elsewhere/stray.ko" }));
        Assert.Equal(("stray", OutcomeKind.Loaded), (outcome.Module, outcome.Kind));
    }

    [Fact]
    public void Without_its_command_a_module_comes_without_softdeps_and_its_dependencies_in_full()
    {
        var scene = new Scene(
            [new("lib") { Inode = 1 }, new("user") { Inode = 2, Dependencies = ["lib"], Before = ["before"] }, new("before") { Inode = 3 }],
            config: "install user /bin/false\ninstall lib /bin/true");
        scene.Machine.Forgiving = true; // the command leaves no lib
        var outcome = scene.Run(loader => One(loader, new LoadRequest("user") { Scope = LoadScope.WithoutCommand }));
        Assert.Equal(OutcomeKind.Loaded, outcome.Kind);
        Assert.Equal(["/bin/true"], scene.Machine.Commands);
        Assert.Equal(["user"], scene.Machine.Ended.Select(ended => ended.Call.Module));
    }

    [Fact]
    public void A_command_may_load_the_module_it_stands_for()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var scene = new Scene([new("oss")], config: "install oss modprobe --ignore-install oss", seed: seed);
            scene.Machine.InCommand = async loader => await One(loader, new LoadRequest("oss") { Scope = LoadScope.WithoutCommand });
            var outcomes = scene.Run(loader => Scene.All([loader.RequestAsync(new LoadRequest("oss")), loader.RequestAsync(new LoadRequest("oss"))]));
            Assert.All(outcomes, outcome => Assert.True(outcome.IsAvailable, $"seed {seed}: {outcome}"));
            Assert.Equal((1, 1), (scene.Machine.Commands.Count, scene.Machine["oss"].Calls));
        }
    }

    [Theory]
    [InlineData(IgnoredChecks.None)]
    [InlineData(IgnoredChecks.Vermagic)]
    [InlineData(IgnoredChecks.Modversions | IgnoredChecks.Vermagic)]
    public void What_the_kernel_is_not_to_check_stands_in_every_call(IgnoredChecks ignored)
    {
        var scene = new Scene([new("lib") { Inode = 1 }, new("user") { Inode = 2, Dependencies = ["lib"] }], ignored: ignored);
        scene.Run(loader => Scene.One(loader, "user"));
        Assert.Equal([ignored, ignored], scene.Machine.Ended.Select(ended => ended.Call.Ignored));
    }

    static Scene User(string config) => new(
        [new("lib") { Inode = 1 }, new("before") { Inode = 2 }, new("after") { Inode = 3 }, new("user") { Inode = 4, Path = Elsewhere, Dependencies = ["lib"], Before = ["before"], After = ["after"] }],
        config: config);

    static async Task<ModuleOutcome> One(Loader loader, LoadRequest request) => Assert.Single((await loader.RequestAsync(request)).Modules);
}
