using System.Diagnostics;
using Drover.Tests.Packaging;

namespace Drover.Tests.House;

/// <summary>Early in a boot the kernel's random generator may have no seed yet: a program that reads it waits, perhaps
/// for the module that brings entropy.</summary>
public sealed class RandomnessTests
{
    /// <summary>Preloaded: ends the program with a status of its own where it would wait.</summary>
    const string Preload = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <stdarg.h>
        #include <string.h>
        #include <sys/random.h>
        #include <unistd.h>

        enum { MAY_WAIT = 99 };

        static void check(const char *path)
        {
            if (strcmp(path, "/dev/urandom") == 0 || strcmp(path, "/dev/random") == 0)
                _exit(MAY_WAIT);
        }

        #define INTERCEPT(name) \
            int name(const char *path, int flags, ...) \
            { \
                va_list rest; \
                va_start(rest, flags); \
                int mode = va_arg(rest, int); \
                va_end(rest); \
                check(path); \
                return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name))(path, flags, mode); \
            }

        INTERCEPT(open)
        INTERCEPT(open64)

        ssize_t getrandom(void *buffer, size_t length, unsigned flags)
        {
            if (!(flags & (GRND_NONBLOCK | 4 /* GRND_INSECURE */)))
                _exit(MAY_WAIT);
            return ((ssize_t (*)(void *, size_t, unsigned))dlsym(RTLD_NEXT, "getrandom"))(buffer, length, flags);
        }

        int getentropy(void *buffer, size_t length)
        {
            _exit(MAY_WAIT);
        }
        """;

    const int MayWait = 99;

    [Theory]
    [InlineData("coldplug --dry-run")]
    [InlineData("load --dry-run nonesuch")]
    [InlineData("resolve nonesuch")]
    [InlineData("modprobe -n nonesuch")]
    [InlineData("lsmod")]
    [InlineData("depmod -n")]
    [InlineData("status")]
    [InlineData("daemon --nonesuch")]
    public void A_command_of_the_boot_does_not_wait_for_randomness(string command) =>
        Assert.NotEqual(MayWait, Run(Repository.NativeBinary, command.Split(' ')));

    /// <summary>The preload works: what reads the device is found.</summary>
    [Fact]
    public void A_program_that_reads_the_device_is_found() =>
        Assert.Equal(MayWait, Run("/usr/bin/head", ["-c1", "/dev/urandom"]));

    static int Run(string program, string[] arguments)
    {
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        var folder = Directory.CreateTempSubdirectory("drover-randomness-");
        try
        {
            var (source, library) = (Path.Combine(folder.FullName, "preload.c"), Path.Combine(folder.FullName, "p.so"));
            File.WriteAllText(source, Preload);
            var compiled = PackagingTests.Run("gcc", "-shared", "-fPIC", "-o", library, source, "-ldl");
            Assert.SkipUnless(compiled.Exit == 0, $"needs gcc (apt-get install gcc libc6-dev): {compiled.Output}");
            var start = new ProcessStartInfo(program, arguments)
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            start.Environment["LD_PRELOAD"] = library;
            using var process = Process.Start(start)!;
            process.OutputDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
