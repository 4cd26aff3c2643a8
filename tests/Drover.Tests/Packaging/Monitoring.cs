using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Drover.Lab.Prepare;

namespace Drover.Tests.Packaging;

/// <summary>Debian's prometheus, promtool and prometheus-node-exporter on loopback. The test is skipped where apt does
/// not give them.</summary>
sealed class Monitoring : IDisposable
{
    readonly UnpackedDebian _programs;
    readonly string _folder = Directory.CreateTempSubdirectory("drover-monitoring-").FullName;
    readonly Dictionary<string, int> _machines = [];
    readonly List<Process> _processes = [];
    readonly HttpClient _client = new();
    readonly int _port = FreePort();

    Monitoring(UnpackedDebian programs) => _programs = programs;

    public static async Task<Monitoring> CreateAsync()
    {
        var (programs, why) = await UnpackedDebian.TryUnpackAsync(
            DebianRelease.Trixie, ["prometheus", "promtool", "prometheus-node-exporter"]);
        Assert.SkipWhen(programs is null, $"Debian 13's prometheus cannot be unpacked here: {why}");
        return new Monitoring(programs!);
    }

    /// <summary>Runs promtool on text as its standard input.</summary>
    public (int Exit, string Output) Promtool(string input, params string[] arguments)
    {
        using var promtool = Start("promtool", arguments);
        promtool.StandardInput.Write(input);
        promtool.StandardInput.Close();
        var error = promtool.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = promtool.StandardOutput.ReadToEnd() + error.GetAwaiter().GetResult();
        promtool.WaitForExit();
        return (promtool.ExitCode, output);
    }

    /// <summary>A machine with a node_exporter; the result is the directory of its textfile collector.</summary>
    public string AddMachine(string name)
    {
        var (directory, port) = (Directory.CreateDirectory(Path.Combine(_folder, name)).FullName, FreePort());
        _machines[name] = port;
        Keep(Start(
            "prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
            $"--collector.textfile.directory={directory}", $"--web.listen-address=127.0.0.1:{port}"));
        return directory;
    }

    /// <summary>Starts prometheus and waits for a scrape of all machines and an evaluation of the rules.</summary>
    public async Task StartAsync(string rules)
    {
        var targets = string.Concat(_machines.Select(machine =>
            $"      - {{ targets: ['127.0.0.1:{machine.Value}'], labels: {{ instance: {machine.Key} }} }}\n"));
        var config = Path.Combine(_folder, "prometheus.yml");
        await File.WriteAllTextAsync(config, $"""
            global: {"{ scrape_interval: 1s, evaluation_interval: 1s }"}
            rule_files: ['{rules}']
            scrape_configs:
              - job_name: node
                static_configs:
            {targets}
            """, TestContext.Current.CancellationToken);
        Keep(Start(
            "prometheus", $"--config.file={config}", $"--storage.tsdb.path={_folder}/data",
            $"--web.listen-address=127.0.0.1:{_port}"));
        await UntilAsync(async () => (await QueryAsync("count(up == 1)")).SequenceEqual([$"{_machines.Count}"]));
        // a rule that was evaluated once did so before or after the scrapes; the next time is after
        var before = await EvaluationsAsync();
        await UntilAsync(async () => await EvaluationsAsync() > before + 1);
    }

    /// <summary>The samples of a query as VALUE{label=value,…}, sorted.</summary>
    public async Task<IReadOnlyList<string>> QueryAsync(string query)
    {
        using var reply = JsonDocument.Parse(await GetAsync($"query?query={Uri.EscapeDataString(query)}"));
        return [.. reply.RootElement.GetProperty("data").GetProperty("result").EnumerateArray()
            .Select(Show).Order(StringComparer.Ordinal)];
    }

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
        _client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    static string Show(JsonElement sample)
    {
        var value = double.Parse(sample.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture);
        var labels = string.Join(',', sample.GetProperty("metric").EnumerateObject()
            .Where(label => label.Name is not ("__name__" or "job")).Select(label => $"{label.Name}={label.Value}"));
        return value.ToString("0.####", CultureInfo.InvariantCulture) + (labels.Length > 0 ? $"{{{labels}}}" : "");
    }

    /// <summary>Finished evaluations of the group that is evaluated last.</summary>
    async Task<int> EvaluationsAsync()
    {
        var text = await _client.GetStringAsync($"http://127.0.0.1:{_port}/metrics");
        return text.Split('\n')
            .Where(line => line.StartsWith("prometheus_rule_group_iterations_total{", StringComparison.Ordinal))
            .Select(line => int.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture))
            .DefaultIfEmpty(0).Min();
    }

    async Task<string> GetAsync(string path) =>
        await _client.GetStringAsync($"http://127.0.0.1:{_port}/api/v1/{path}");

    /// <summary>Polls until a condition holds; an end of one of the programs is a failure.</summary>
    async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(3));
        while (true)
        {
            if (_processes.Find(process => process.HasExited) is { } ended)
                Assert.Fail($"{ended.StartInfo.ArgumentList[2]} ended with {ended.ExitCode}");
            try
            {
                if (await condition())
                    return;
            }
            catch (HttpRequestException)
            {
                // it does not listen yet
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), limit.Token);
        }
    }

    void Keep(Process process)
    {
        process.StandardInput.Close();
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        _processes.Add(process);
    }

    Process Start(string program, params string[] arguments)
    {
        var words = _programs.LoaderWords;
        return Process.Start(new ProcessStartInfo(
            words[0], [.. words[1..], $"{_programs.Folder}/usr/bin/{program}", .. arguments])
        {
            UseShellExecute = false,
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    /// <summary>An unused port; another process may take it before its program does.</summary>
    static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
