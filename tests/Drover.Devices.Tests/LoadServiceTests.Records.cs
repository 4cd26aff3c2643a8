using System.Text;
using Drover.Control;
using Drover.Kernel;
using Drover.Loading;
using Drover.Loading.Tests;

namespace Drover.Devices.Tests;

// Who asked, over the restarts of the daemon.
public partial class LoadServiceTests
{
    const string Boot = "4a5e1e4b-aab8-4c0d-9f3a-1f1d9a2b3c4d";

    static readonly RequestingProcess s_backup =
        new(7) { Comm = "backup", UserId = 1000, Unit = "backup.service" };

    [Fact]
    public void Next_daemon_of_the_boot_knows_who_asked_first()
    {
        SimulatedModule core = new("core") { Inode = 1 }, disk = new("disk") { Inode = 2, Dependencies = ["core"] };
        var bench = new Bench([core, disk], []);
        byte[] left = [];
        bench.Run(async service =>
        {
            await service.LoadForClientAsync(
                new LoadRequest("disk", "backup (pid 7)") { Process = s_backup }, CancellationToken.None);
            left = EarlierRecords.Format(Boot, service.Modules());
        });
        bench.Earlier = EarlierRecords.TryParse(left, Boot)!;
        bench.Run(async service =>
        {
            await service.LoadForClientAsync(new LoadRequest("disk", "/devices/d"), CancellationToken.None);
            var record = service.Modules().Single(module => module.Module == "disk");
            Assert.Equal(("backup (pid 7)", s_backup), (record.FirstRequester, record.FirstProcess));
            Assert.Equal(("/devices/d", null), (record.LastRequester, record.LastProcess));
            Assert.Equal((2, 1, OutcomeKind.AlreadyLive), (record.Requests, record.Calls, record.Last.Kind));
            Assert.Equal(["core"], record.First!.Needed);
            Assert.NotNull(record.First.EndedAt);
            Assert.Equal(0, service.Status().Counts.Calls); // a count of this daemon
            Assert.Contains(service.Modules(), module => module.Module == "core");
        });
    }

    [Fact]
    public void Refused_request_keeps_its_process()
    {
        var bench = new Bench([new("disk")], []);
        bench.Catalog = bench.Catalog!.With(Modules.Config.ModulePolicy.Parse("forbid disk"));
        bench.Run(async service =>
        {
            await service.LoadForClientAsync(
                new LoadRequest("disk", "backup (pid 7)") { Process = s_backup }, CancellationToken.None);
            Assert.Equal(s_backup, service.Modules().Single().Refused!.Process);
        });
    }

    [Fact]
    public void Load_in_the_kernel_names_who_asked_also_for_what_it_brings_along()
    {
        SimulatedModule core = new("core") { Inode = 1, Takes = 50 * Ms };
        var bench = new Bench([core, new("disk") { Inode = 2, Dependencies = ["core"] }], []);
        bench.Run(async service =>
        {
            var load = service.LoadForClientAsync(new LoadRequest("disk", "backup (pid 7)"), CancellationToken.None);
            await bench.Loop.Delay(20 * Ms);
            var running = Assert.Single(service.Unfinished(9).Running);
            Assert.Equal(("core", "backup (pid 7)"), (running.Module, running.Requester));
            await load;
        });
    }

    [Fact]
    public void Records_of_another_boot_or_with_any_byte_changed_are_not_used()
    {
        var record = new ModuleRecord("disk", 1, 1, new("disk", OutcomeKind.Loaded), "backup (pid 7)", "disk", null)
        {
            FirstProcess = s_backup,
        };
        var text = EarlierRecords.Format(Boot, [record]);
        Assert.Single(EarlierRecords.TryParse(text, Boot)!);
        Assert.Null(EarlierRecords.TryParse(text, "another"));
        Assert.Null(EarlierRecords.TryParse(Array.Empty<byte>(), Boot));
        for (var i = 0; i < text.Length; i++)
        {
            var changed = text.ToArray();
            changed[i] ^= 1;
            Assert.Null(EarlierRecords.TryParse(changed, Boot));
            Assert.Null(EarlierRecords.TryParse(text.AsMemory(0, i), Boot));
        }
    }

    [Fact]
    public void More_records_than_fit_leave_the_newest_out()
    {
        var name = new string('m', 2000);
        var records = Enumerable.Range(0, 2000).Select(i => new ModuleRecord(
            $"m{i}", 1, 1, new($"m{i}", OutcomeKind.Loaded), null, name, null)).ToList();
        var text = EarlierRecords.Format(Boot, records);
        Assert.InRange(text.Length, EarlierRecords.MaxBytes / 4, EarlierRecords.MaxBytes);
        var kept = EarlierRecords.TryParse(text, Boot)!;
        Assert.Equal(records.Take(kept.Count).Select(record => record.Module), kept.Select(record => record.Module));
        Assert.Contains("m0", Encoding.UTF8.GetString(text), StringComparison.Ordinal);
    }
}
