using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Drover.Lab.Guest;

/// <summary>QEMU's side of GDB's remote serial protocol ("Debugging with GDB", appendix E), as far as breakpoints,
/// memory and registers need it. Not safe for concurrent use.</summary>
sealed class Debugger(Socket socket, CancellationToken cancellationToken) : IDisposable
{
    /// <summary>Bytes of memory in one packet. QEMU drops a packet of more than 4096 characters without a
    /// word.</summary>
    const int PacketBytes = 2000;

    readonly byte[] _received = new byte[1 << 18];
    int _start, _end;

    /// <summary>The thread that came to the last breakpoint.</summary>
    public string Thread { get; private set; } = "";

    public async Task SetBreakpointAsync(ulong address) =>
        await ExpectOkAsync($"Z0,{address:x},1");

    /// <summary>Lets the machine run to the next breakpoint.</summary>
    /// <returns>False if it ended.</returns>
    public async Task<bool> ContinueAsync()
    {
        var stop = await CommandAsync("c");
        const string ThreadName = "thread:";
        if (stop is null || !stop.StartsWith('T')
            || stop.IndexOf(ThreadName, StringComparison.Ordinal) is not (> 0 and var at))
        {
            return false;
        }
        await SelectAsync(stop[(at + ThreadName.Length)..].Split(';')[0]);
        return true;
    }

    /// <summary>Selects a thread, a vCPU, whose address space and registers the other calls use.</summary>
    public async Task SelectAsync(string thread)
    {
        Thread = thread;
        await ExpectOkAsync($"Hg{thread}");
    }

    public async Task<byte[]> ReadAsync(ulong address, int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count; at += PacketBytes)
        {
            var part = Math.Min(PacketBytes, count - at);
            var reply = await CommandAsync($"m{address + (ulong)at:x},{part:x}");
            if (reply is null || reply.Length != 2 * part)
                throw new LabException($"QEMU's debugger cannot read the guest's memory: {reply ?? "QEMU ended"}");
            Convert.FromHexString(reply, bytes.AsSpan(at, part), out _, out _);
        }
        return bytes;
    }

    public async Task WriteAsync(ulong address, ReadOnlyMemory<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; at += PacketBytes)
        {
            var part = bytes.Slice(at, Math.Min(PacketBytes, bytes.Length - at));
            var digits = Convert.ToHexStringLower(part.Span);
            await ExpectOkAsync($"M{address + (ulong)at:x},{part.Length:x}:{digits}");
        }
    }

    public async Task SetRegisterAsync(int register, ulong value) =>
        await ExpectOkAsync($"P{register:x}={Convert.ToHexStringLower(BitConverter.GetBytes(value))}");

    public void Dispose() => socket.Dispose();

    async Task ExpectOkAsync(string command)
    {
        if (await CommandAsync(command) is not "OK" and var reply)
            throw new LabException($"QEMU's debugger refuses {command[0]}: {reply ?? "QEMU ended"}");
    }

    /// <summary>The reply to a command; null if QEMU ended.</summary>
    async Task<string?> CommandAsync(string command)
    {
        var sum = (byte)command.Sum(c => c);
        try
        {
            await socket.SendAsync(Encoding.Latin1.GetBytes($"${command}#{sum:x2}"), cancellationToken);
            while (true)
            {
                if (Packet() is { } packet)
                {
                    await socket.SendAsync("+"u8.ToArray(), cancellationToken);
                    return packet;
                }
                if (_start > 0)
                {
                    Buffer.BlockCopy(_received, _start, _received, 0, _end - _start);
                    (_start, _end) = (0, _end - _start);
                }
                var count = await socket.ReceiveAsync(_received.AsMemory(_end), cancellationToken);
                if (count == 0)
                    return null;
                _end += count;
            }
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>Takes one packet, <c>$data#checksum</c>, from the received bytes; null if none is complete.</summary>
    string? Packet()
    {
        var rest = _received.AsSpan(_start, _end - _start);
        var dollar = rest.IndexOf((byte)'$');
        if (dollar < 0)
            return null;
        var end = rest[dollar..].IndexOf((byte)'#');
        if (end < 0 || dollar + end + 2 >= rest.Length)
            return null;
        _start += dollar + end + 3;
        return Encoding.Latin1.GetString(rest.Slice(dollar + 1, end - 1));
    }
}

/// <summary>QEMU's monitor (QMP), for the commands of its human monitor.</summary>
sealed class Monitor : IDisposable
{
    readonly StreamReader _reader;
    readonly NetworkStream _stream;

    Monitor(Socket socket)
    {
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new StreamReader(_stream);
    }

    public static async Task<Monitor> ConnectAsync(Socket socket, CancellationToken cancellationToken)
    {
        var monitor = new Monitor(socket);
        await monitor._reader.ReadLineAsync(cancellationToken); // the greeting
        await monitor.ExecuteAsync("""{"execute":"qmp_capabilities"}""", cancellationToken);
        return monitor;
    }

    /// <exception cref="LabException">The command printed something: an error.</exception>
    public async Task CommandAsync(string line, CancellationToken cancellationToken)
    {
        var command = $$$"""{"execute":"human-monitor-command","arguments":{"command-line":"{{{line}}}"}}""";
        if (await ExecuteAsync(command, cancellationToken) is { Length: > 0 } problem)
            throw new LabException($"QEMU's {line}: {problem.Trim()}");
    }

    public void Dispose()
    {
        _reader.Dispose();
        _stream.Dispose();
    }

    async Task<string?> ExecuteAsync(string command, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(command + "\n"), cancellationToken);
        while (await _reader.ReadLineAsync(cancellationToken) is { } line)
        {
            using var reply = JsonDocument.Parse(line);
            if (reply.RootElement.TryGetProperty("return", out var value))
                return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
            if (reply.RootElement.TryGetProperty("error", out var error))
                return error.ToString();
        }
        throw new LabException("QEMU's monitor ended");
    }
}
