namespace Drover.Modules.Tests;

public class ModuleNameTests
{
    [Theory]
    [InlineData("kernel/drivers/net/snd-pcm.ko.xz", "snd_pcm")]
    [InlineData("/lib/modules/6.1/a.b.ko", "a")]
    [InlineData("plain", "plain")]
    [InlineData("dir-with-dash/x_y.ko", "x_y")]
    [InlineData("dir/", "")]
    [InlineData(".hidden", "")]
    [InlineData("", "")]
    public void FromPath_returns_base_name_up_to_first_dot(string path, string name) =>
        Assert.Equal(name, ModuleName.FromPath(path));

    [Theory]
    [InlineData("snd-hda-intel", "snd_hda_intel")]
    [InlineData("snd_pcm.ko", "snd_pcm")]
    [InlineData("[a-b]", "[a_b]")]
    public void Normalize_replaces_dashes_and_cuts_at_dot(string name, string normalized) =>
        Assert.Equal(normalized, ModuleName.Normalize(name));

    [Theory]
    [InlineData("net-pf-10", "net_pf_10")]
    [InlineData("usb:v04-d[0-9a-f]x-*", "usb:v04_d[0-9a-f]x_*")]
    [InlineData("a.b-c", "a.b_c")]
    [InlineData("[]-", "[]_")]
    [InlineData("[[-]-", "[[-]_")]
    [InlineData("plain", "plain")]
    public void Alias_keeps_dashes_inside_brackets(string alias, string normalized)
    {
        Assert.True(ModuleName.TryNormalizeAlias(alias, out var actual));
        Assert.Equal(normalized, actual);
    }

    [Theory]
    [InlineData("a[b")]
    [InlineData("a]b")]
    [InlineData("[]a]")]
    [InlineData("[a]]")]
    public void Alias_with_unmatched_bracket_is_invalid(string alias) =>
        Assert.False(ModuleName.TryNormalizeAlias(alias, out _));
}
