using System.Buffers.Binary;
using System.Globalization;
using Drover.Lab.Prepare;

namespace Drover.Lab.Guest;

/// <summary>How a guest and the host exchange data: a small program of the guest, <c>/lab/host</c>, puts its standard
/// input into its memory and comes to a breakpoint, where the debugger of QEMU stops the machine. The host reads the
/// memory, writes a reply into it, and lets the machine go on; the program prints the reply.</summary>
/// <remarks>The exchange takes no time of the guest and is at the same instruction in every run. A serial port would
/// take a device access for each byte. The program's addresses are fixed and unlike those of other
/// programs.</remarks>
sealed class GuestChannel
{
    const string TextAddress = "0x200000000000";
    public const int MaxReplyBytes = 0x2000000; // "touched" of host-*.S
    const int SeedBytes = 32;

    readonly byte[] _program;
    readonly Dictionary<string, ulong> _symbols;
    readonly Architecture _architecture;

    GuestChannel(Architecture architecture, byte[] program, Dictionary<string, ulong> symbols) =>
        (_architecture, _program, _symbols) = (architecture, program, symbols);

    /// <summary>The breakpoint.</summary>
    public ulong Address => _symbols["host"];
    public ReadOnlyMemory<byte> Program => _program;

    /// <summary>Assembles the program with the toolbox, once for each version of it.</summary>
    public static async Task<GuestChannel> PrepareAsync(LabHost host, Toolbox tools, Architecture architecture)
    {
        var source = Resources.Read($"host-{architecture.OptionName()}.S");
        var key = $"{architecture.OptionName()}-{LabHost.HashOf(source + tools.Key)[..12]}";
        var folder = await host.EntryAsync("channel", key, MakeAsync);
        var symbols = (await File.ReadAllLinesAsync(Path.Combine(folder, "symbols"))).Select(line => line.Split(' '))
            .Where(parts => parts is [_, _, _])
            .ToDictionary(parts => parts[2], parts => ulong.Parse(parts[0], NumberStyles.AllowHexSpecifier));
        return new(architecture, await File.ReadAllBytesAsync(Path.Combine(folder, "host")), symbols);

        async Task MakeAsync(string made)
        {
            string Of(string name) => Path.Combine(made, name);
            await File.WriteAllTextAsync(Of("host.S"), source);
            await tools.RunAsync(architecture.Tuple + "-as", "-o", Of("host.o"), Of("host.S"));
            await tools.RunAsync(architecture.Tuple + "-ld",
                "-N", "--no-warn-rwx-segments", "-Ttext", TextAddress, "-o", Of("host"), Of("host.o"));
            await File.WriteAllTextAsync(
                Of("symbols"), await tools.RunAsync(architecture.Tuple + "-nm", "-g", Of("host")));
        }
    }

    /// <summary>The data that the stopped program passes.</summary>
    public async Task<byte[]> RequestAsync(Debugger debugger)
    {
        var length = BinaryPrimitives.ReadUInt64LittleEndian(await debugger.ReadAsync(_symbols["header"], 8));
        return await debugger.ReadAsync(_symbols["buffer"], (int)length);
    }

    /// <summary>Gives the stopped program its reply and moves it past the breakpoint; the machine stays
    /// stopped.</summary>
    /// <param name="seed">Of the kernel's random generator from here on.</param>
    public async Task ReplyAsync(Debugger debugger, ReadOnlyMemory<byte> reply, int seed)
    {
        if (reply.Length > MaxReplyBytes)
            throw new LabException($"a run has at most {MaxReplyBytes >> 20} MiB of files, not {reply.Length >> 20}");
        await debugger.WriteAsync(_symbols["buffer"], reply);
        // the reply's length, and struct rand_pool_info: bits, bytes, the bytes (random(4))
        var header = new byte[16 + SeedBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)reply.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), SeedBytes * 8);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), SeedBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(16), seed);
        await debugger.WriteAsync(_symbols["header"] + 8, header);
        var (register, size) = _architecture == Architecture.Amd64 ? (0x10, 1u) : (0x20, 4u);
        await debugger.SetRegisterAsync(register, Address + size);
    }
}
