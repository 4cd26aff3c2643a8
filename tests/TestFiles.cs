using System.Runtime.CompilerServices;
using Drover.Linux.Files;
using Drover.Modules;

namespace Drover.Tests;

/// <summary>Tests use the real files, as the programs do from their start.</summary>
static class TestFiles
{
    [ModuleInitializer]
    internal static void Use() => SystemFiles.Current = new LinuxFiles();
}
