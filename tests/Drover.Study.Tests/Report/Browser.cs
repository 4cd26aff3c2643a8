using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Drover.Study.Tests.Report;

/// <summary>Debian's Chromium, driven by the DevTools protocol (https://chromedevtools.github.io/devtools-protocol):
/// one page after another.</summary>
public sealed class Browser : IAsyncDisposable
{
    const string Chromium = "/usr/bin/chromium";

    static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(1);

    readonly string _directory = Directory.CreateTempSubdirectory("drover-browser-").FullName;
    readonly ClientWebSocket _socket = new();
    readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _replies = new();
    readonly ConcurrentQueue<string> _messages = new();
    readonly CancellationTokenSource _stop = new();
    Process? _process;
    Task _reading = Task.CompletedTask;
    TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    string? _session;
    int _last;

    /// <summary>What the pages wrote to the console, and their exceptions.</summary>
    public IReadOnlyCollection<string> Messages => _messages;

    /// <summary>Opens a page in a window of that size; skips the test without Chromium.</summary>
    public async Task OpenAsync(string html, int width = 1280, int height = 900)
    {
        Assert.SkipUnless(File.Exists(Chromium), "Chromium is not installed (apt-get install chromium)");
        if (_process is null)
            await StartAsync();
        _messages.Clear();
        await ResizeAsync(width, height);
        await File.WriteAllTextAsync($"{_directory}/page.html", html);
        _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await SendAsync("Page.navigate", new() { ["url"] = $"file://{_directory}/page.html" });
        await _loaded.Task.WaitAsync(s_timeout);
        await SettleAsync();
    }

    public async Task ResizeAsync(int width, int height)
    {
        await SendAsync("Emulation.setDeviceMetricsOverride", new()
        {
            ["width"] = width,
            ["height"] = height,
            ["deviceScaleFactor"] = 1,
            ["mobile"] = false,
        });
        await SettleAsync();
    }

    /// <summary>Shows the page as on dark or light screens, or on paper.</summary>
    public async Task EmulateAsync(string scheme, string media = "")
    {
        await SendAsync("Emulation.setEmulatedMedia", new()
        {
            ["media"] = media,
            ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = scheme }),
        });
        await SettleAsync();
    }

    /// <summary>The value of a JavaScript expression.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        var reply = await SendAsync("Runtime.evaluate", new()
        {
            ["expression"] = expression,
            ["returnByValue"] = true,
            ["awaitPromise"] = true,
        });
        Assert.True(reply["exceptionDetails"] is null, $"{expression}: {reply}");
        return reply["result"]!["value"];
    }

    public async Task<string> TextAsync(string selector) => (string)(await EvaluateAsync(
        $"document.querySelector({JsonSerializer.Serialize(selector)}).textContent"))!;

    /// <summary>Presses keys: a letter each, or names of keys such as ArrowDown.</summary>
    public async Task PressAsync(params string[] keys)
    {
        foreach (var key in keys)
        {
            foreach (var type in new[] { "keyDown", "keyUp" })
            {
                var press = new JsonObject { ["type"] = type, ["key"] = key };
                if (key.Length == 1 && type == "keyDown")
                    press["text"] = key;
                await SendAsync("Input.dispatchKeyEvent", press);
            }
        }
        await SettleAsync();
    }

    /// <summary>Clicks the middle of the first element that a selector finds.</summary>
    public async Task ClickAsync(string selector)
    {
        var (x, y) = await MiddleAsync(selector);
        foreach (var type in new[] { "mouseMoved", "mousePressed", "mouseReleased" })
        {
            await SendAsync("Input.dispatchMouseEvent", new()
            {
                ["type"] = type,
                ["x"] = x,
                ["y"] = y,
                ["button"] = "left",
                ["clickCount"] = 1,
            });
        }
        await SettleAsync();
    }

    /// <summary>Two fingers on an element move apart from each other, to three times their distance.</summary>
    public async Task SpreadAsync(string selector)
    {
        var (x, y) = await MiddleAsync(selector);
        foreach (var (type, distance) in new[] { ("touchStart", 40), ("touchMove", 80), ("touchMove", 120) })
        {
            await SendAsync("Input.dispatchTouchEvent", new()
            {
                ["type"] = type,
                ["touchPoints"] = new JsonArray(
                    new JsonObject { ["x"] = x - distance, ["y"] = y, ["id"] = 1 },
                    new JsonObject { ["x"] = x + distance, ["y"] = y, ["id"] = 2 }),
            });
        }
        await SendAsync("Input.dispatchTouchEvent", new() { ["type"] = "touchEnd", ["touchPoints"] = new JsonArray() });
        await SettleAsync();
    }

    /// <summary>The nodes of the accessibility tree that are not ignored: role, name, whether it takes keys.</summary>
    public async Task<IReadOnlyList<(string Role, string Name, bool IsFocusable)>> AccessibilityAsync()
    {
        var tree = await SendAsync("Accessibility.getFullAXTree", []);
        return
        [
            .. tree["nodes"]!.AsArray().Where(node => !(bool)node!["ignored"]!).Select(node => (
                (string)node!["role"]!["value"]!, ((string?)node["name"]?["value"] ?? "").Trim(),
                (node["properties"]?.AsArray() ?? []).Any(property =>
                    (string)property!["name"]! == "focusable" && (bool)property["value"]!["value"]!))),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _socket.Dispose();
        if (_process is { } process)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }
        await _reading.ContinueWith(_ => { }, TaskScheduler.Default);
        _stop.Dispose();
        // a helper process of the browser may still write its last file
        try
        {
            Directory.Delete(_directory, recursive: true);
        }
        catch (IOException)
        {
        }
    }

    async Task StartAsync()
    {
        string[] arguments =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
            "--remote-debugging-port=0", $"--user-data-dir={_directory}/profile", "about:blank",
        ];
        _process = Process.Start(new ProcessStartInfo(Chromium, arguments)
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        })!;
        var address = "";
        while (!address.StartsWith("DevTools listening on ", StringComparison.Ordinal))
            address = await _process.StandardError.ReadLineAsync() ?? throw new InvalidOperationException("no browser");
        _ = _process.StandardError.ReadToEndAsync(_stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        await _socket.ConnectAsync(new Uri(address["DevTools listening on ".Length..]), _stop.Token);
        _reading = ReadAsync();
        var target = await SendAsync("Target.createTarget", new() { ["url"] = "about:blank" });
        _session = (string)(await SendAsync("Target.attachToTarget", new()
        {
            ["targetId"] = (string)target["targetId"]!,
            ["flatten"] = true,
        }))["sessionId"]!;
        foreach (var domain in new[] { "Page", "Runtime", "Log", "Accessibility" })
            await SendAsync($"{domain}.enable", []);
    }

    async Task<(double X, double Y)> MiddleAsync(string selector)
    {
        var box = (await EvaluateAsync($$"""
            (() => { const element = document.querySelector({{JsonSerializer.Serialize(selector)}});
              element.scrollIntoView({ block: "center" });
              const box = element.getBoundingClientRect();
              return [box.left + box.width / 2, box.top + box.height / 2]; })()
            """))!;
        return ((double)box[0]!, (double)box[1]!);
    }

    /// <summary>Two frames later, what an event has changed is drawn.</summary>
    Task<JsonNode?> SettleAsync() => EvaluateAsync(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))");

    async Task<JsonNode> SendAsync(string method, JsonObject parameters)
    {
        var id = ++_last;
        var reply = _replies[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var command = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        if (_session is not null)
            command["sessionId"] = _session;
        await _socket.SendAsync(
            JsonSerializer.SerializeToUtf8Bytes(command), WebSocketMessageType.Text, endOfMessage: true, _stop.Token);
        return await reply.Task.WaitAsync(s_timeout);
    }

    async Task ReadAsync()
    {
        var buffer = new byte[1 << 16];
        while (true)
        {
            using var text = new MemoryStream();
            ValueWebSocketReceiveResult part;
            do
            {
                part = await _socket.ReceiveAsync(buffer.AsMemory(), _stop.Token);
                text.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            var message = JsonNode.Parse(text.GetBuffer().AsSpan(0, (int)text.Length))!;
            if (message["id"] is { } id && _replies.TryRemove((int)id, out var reply))
            {
                if (message["error"] is { } error)
                    reply.SetException(new InvalidOperationException(error.ToJsonString()));
                else
                    reply.SetResult(message["result"]!);
            }
            switch ((string?)message["method"])
            {
                case "Page.loadEventFired":
                    _loaded.TrySetResult();
                    break;
                case "Runtime.exceptionThrown" or "Runtime.consoleAPICalled" or "Log.entryAdded":
                    _messages.Enqueue(message["params"]!.ToJsonString());
                    break;
            }
        }
    }
}
