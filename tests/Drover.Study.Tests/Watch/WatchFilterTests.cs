using Drover.CommandLine;
using Drover.Kernel;
using Drover.Linux.Tracing;
using Drover.Study.Watch;
using Drover.Tests;

namespace Drover.Study.Tests.Watch;

public sealed class WatchFilterTests
{
    static readonly TracedCall s_call = new()
    {
        Syscall = ModuleSyscall.FinitModule,
        Module = "snd_hda_intel",
        Result = Errno.EEXIST,
        StartUs = 1,
        Comm = "(udev-worker)",
        Tid = 1,
        Device = "/devices/pci0000:00/0000:00:1b.0",
    };

    [Theory]
    [InlineData(true)]
    [InlineData(true, "--module", "snd-hda*")]
    [InlineData(false, "--module", "snd")]
    [InlineData(true, "--comm", "*udev*")]
    [InlineData(false, "--comm", "modprobe")]
    [InlineData(true, "--device", "/devices/pci*")]
    [InlineData(false, "--device", "/devices/usb*")]
    [InlineData(true, "--errno", "EEXIST")]
    [InlineData(true, "--errno", "any")]
    [InlineData(false, "--errno", "0")]
    [InlineData(false, "--module", "snd*", "--errno", "ENODEV")]
    public void Call_is_selected_if_all_patterns_match(bool isSelected, params string[] arguments) =>
        Assert.Equal(isSelected, Of(arguments).Selects(s_call));

    [Fact]
    public void Call_in_flight_has_no_result_to_select() =>
        Assert.False(Of("--errno", "any").Selects(s_call with { Result = null }));

    [Fact]
    public void Request_of_the_kernel_has_a_name_and_a_program_only()
    {
        var request = new TracedRequest(1, "fs-ext4", "mount", 1, 1);
        Assert.True(Of("--module", "fs-*").Selects(request));
        Assert.False(Of("--errno", "any").Selects(request));
        Assert.False(Of("--device", "*").Selects(request));
    }

    [Theory]
    [InlineData("--errno takes an errno's name, any or 0, not 'EXIST'; did you mean 'EEXIST'?", "--errno", "EXIST")]
    [InlineData("--module takes PATTERN, not ''.", "--module", "")]
    [InlineData("--sort takes vain or calls or time or first or name, not 'size'.", "--sort", "size")]
    public void Mistakes_are_explained(string message, params string[] arguments)
    {
        var run = CommandLineRun.Run(["watch", "--for", "1", .. arguments]);
        Assert.Equal((2, $"drover: watch: {message} Try 'drover watch --help'.\n"), (run.Exit, run.Error));
    }

    [Theory]
    [InlineData("vain", "c b a")]
    [InlineData("calls", "a b c")]
    [InlineData("time", "b a c")]
    [InlineData("first", "c a b")]
    [InlineData("name", "a b c")]
    public void Table_is_sorted(string order, string names)
    {
        var tally = new WatchTally();
        foreach (var (module, start, took, bytes) in new[]
            {
                ("a", 5, 10, 1L), ("a", 6, 10, 1L), ("a", 7, 10, 1L), ("b", 8, 50, 4L), ("b", 9, 50, 4L),
                ("c", 1, 1, 99L),
            })
        {
            tally.Add(s_call with { Module = module, StartUs = start, TookUs = took, ReadBytes = bytes });
        }
        Assert.Equal(names, string.Join(' ', tally.Modules(Of("--sort", order).Order).Select(module => module.Name)));
    }

    static WatchFilter Of(params string[] arguments) =>
        WatchFilter.Of(Arguments.Parse(arguments, new WatchVerb().Options));
}
