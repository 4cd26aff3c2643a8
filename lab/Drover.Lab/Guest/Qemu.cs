using System.Diagnostics;
using Drover.Lab.Prepare;

namespace Drover.Lab.Guest;

/// <summary>Boots one guest and waits for its end.</summary>
static class Qemu
{
    const int TailLines = 25;

    /// <summary>Returns what the guest sent over its second serial port.</summary>
    /// <exception cref="LabException">The guest exceeded its timeout, or ended without complete results.</exception>
    public static async Task<GuestResult> BootAsync(GuestRun run, LabHost host)
    {
        using var work = host.Work();
        var (initramfs, results) = (run.Initramfs ?? work.File("initramfs"), work.File("results.tar.gz"));
        if (run.Initramfs is null)
            await run.WriteInitramfsAsync(initramfs);

        var tail = new Queue<string>();
        var loaderCpu = TimeSpan.Zero;
        var program = LabHost.Find(HostTools.Qemu) ?? HostTools.Qemu;
        var start = new ProcessStartInfo(program, Arguments(run, initramfs, results))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var qemu = Process.Start(start) ?? throw new LabException("QEMU did not start");
        qemu.StandardInput.Close();
        qemu.OutputDataReceived += (_, line) => Keep(line.Data);
        qemu.ErrorDataReceived += (_, line) => Keep(line.Data);
        qemu.BeginOutputReadLine();
        qemu.BeginErrorReadLine();

        using var timer = CancellationTokenSource.CreateLinkedTokenSource(host.Cancelled);
        timer.CancelAfter(run.Timeout);
        try
        {
            await qemu.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            qemu.Kill();
            await qemu.WaitForExitAsync(CancellationToken.None);
            host.Cancelled.ThrowIfCancellationRequested();
            throw new LabException(
                $"the guest did not finish in {run.Timeout.TotalSeconds:F0} s and was stopped (--timeout allows more). "
                + $"Its console ended with:\n{Tail()}");
        }
        return await GuestResult.ReadAsync(results, loaderCpu, host.Cancelled)
            ?? throw new LabException(
                $"the guest ended without complete results (QEMU's status {qemu.ExitCode}). "
                + $"Its console ended with:\n{Tail()}");

        void Keep(string? line)
        {
            if (line is null)
                return;
            line = line.TrimEnd('\r');
            if (line.EndsWith("lab: mark start", StringComparison.Ordinal))
                loaderCpu = qemu.TotalProcessorTime;
            else if (line.EndsWith("lab: mark end", StringComparison.Ordinal))
                loaderCpu = qemu.TotalProcessorTime - loaderCpu;
            lock (tail)
            {
                tail.Enqueue(line);
                if (tail.Count > TailLines)
                    tail.Dequeue();
            }
            run.Console?.Invoke(line);
        }

        string Tail()
        {
            lock (tail)
                return string.Join('\n', tail.Select(line => "  | " + line));
        }
    }

    /// <remarks>thread=single: with more vCPUs than host CPUs, TCG's threads mostly wait for each other (64 vCPUs on 2
    /// CPUs: 215 s against 25 s). The q35 machine has devices that need modules: AHCI, SMBus, PS/2, ACPI
    /// button.</remarks>
    static string[] Arguments(GuestRun run, string initramfs, string results) =>
    [
        "-machine", "q35", "-accel", "tcg,thread=single", "-cpu", "max", "-m", run.Memory, "-smp", $"{run.Cpus}",
        "-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio", "-serial", $"file:{results}",
        "-kernel", run.Kernel.Image, "-initrd", initramfs,
        // on a busy host the kernel's check of the emulated timer may fail, and that is a panic
        "-append",
        $"console=ttyS0 panic=-1 quiet no_timer_check module.gate={(int)run.Gate} {run.KernelArguments}",
        .. run.Disk is { } disk ? new[] { "-drive", $"file={disk},format=raw,if=virtio,cache=unsafe" } : [],
        .. run.Devices.SelectMany(device => new[] { "-device", device }),
        .. run.QemuArguments,
    ];
}
