using Drover.Tests.Install;

namespace Drover.Tests.Packaging;

/// <summary>The hook of mkinitcpio, which Debian does not have: its functions are stubs here that do what mkinitcpio(8)
/// says of them.</summary>
public sealed class InitcpioTests : IDisposable
{
    static readonly string s_arch = Path.Combine(Repository.Root, "packaging/arch");

    readonly TestRoot _image = new();
    readonly TestRoot _system = new();

    public InitcpioTests()
    {
        _image.File("/usr/bin/kmod", "kmod's");
        _image.Link("/usr/bin/modprobe", "kmod");
    }

    public void Dispose()
    {
        _image.Dispose();
        _system.Dispose();
    }

    [Fact]
    public void With_systemd_the_image_has_the_unit()
    {
        _image.File("/usr/lib/systemd/systemd", "");
        Assert.Equal((0, ""), Build());
        Assert.Equal("drover", new FileInfo(_image["/usr/bin/kmod"]).LinkTarget);
        Assert.Equal("kmod", new FileInfo(_image["/usr/bin/modprobe"]).LinkTarget);
        Assert.Equal(
            "../drover.service",
            new FileInfo(_image["/usr/lib/systemd/system/sysinit.target.wants/drover.service"]).LinkTarget);
        Has(_image, "/usr/bin/drover", "/usr/lib/drover/80-drivers.rules", "/usr/lib/systemd/system/drover.service");
        Assert.False(File.Exists(_image["/hooks/drover"]));
    }

    [Fact]
    public void Without_systemd_the_image_has_the_hook()
    {
        Assert.Equal((0, ""), Build());
        Has(_image, "/usr/bin/drover", "/usr/lib/drover/initramfs", "/hooks/drover");
        Assert.False(File.Exists(_image["/usr/lib/systemd/system/drover.service"]));
    }

    [Fact]
    public void The_hook_starts_the_daemon_before_udev_and_stops_it_at_the_end()
    {
        var calls = PackagingTests.Run("bash", "-c", $"""
            source <(sed 's|/usr/lib/drover/initramfs|echo|' {s_arch}/initcpio-hook)
            run_earlyhook; run_cleanuphook
            """);
        Assert.Equal((0, "start\nstop\n"), calls);
    }

    [Fact]
    public void The_package_has_the_files_of_the_lists()
    {
        Assert.SkipUnless(File.Exists(Repository.NativeBinary), "no native binary: ./test builds it");
        var (exit, output) = PackagingTests.Run(
            "bash", "-c", $"set -eu; source {s_arch}/PKGBUILD; pkgdir={_system.Path}; package");
        Assert.True(exit == 0, output);
        Has(_system, "/usr/bin/drover", "/usr/lib/drover/drover-study", "/usr/lib/systemd/system/drover.service",
            "/usr/lib/initcpio/install/drover", "/usr/lib/initcpio/hooks/drover",
            "/usr/share/zsh/site-functions/_drover", "/usr/share/licenses/drover/LICENSE");
        Assert.DoesNotContain(
            InstallFilesTests.FilesBelow(_system.Path),
            path => path.Contains("initramfs-tools", StringComparison.Ordinal)
                || path.StartsWith("/etc/", StringComparison.Ordinal));
    }

    static void Has(TestRoot root, params string[] paths) =>
        Assert.All(paths, path => Assert.True(File.Exists(root[path]), path));

    /// <summary>Runs the hook's build() as mkinitcpio does; files come from the tree.</summary>
    (int Exit, string Output) Build() => PackagingTests.Run("bash", "-c", $$"""
        set -u
        BUILDROOT={{_image.Path}} files={{Repository.Root}}/packaging/root
        add_file() {
            local source=$files$1
            [ -e "$source" ] || source=/dev/null
            install -D -m "${3:-644}" "$source" "$BUILDROOT${2:-$1}"
        }
        add_binary() { add_file "$1" "${2:-$1}" "${3:-755}"; }
        add_symlink() { mkdir -p "$BUILDROOT${1%/*}"; ln -s "$2" "$BUILDROOT$1"; }
        add_runscript() { install -D {{s_arch}}/initcpio-hook "$BUILDROOT/hooks/drover"; }
        source {{s_arch}}/initcpio-install
        build
        """);
}
