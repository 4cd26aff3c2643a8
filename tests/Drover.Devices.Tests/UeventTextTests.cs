using CsCheck;
using Drover.Text;

namespace Drover.Devices.Tests;

public sealed class UeventTextTests
{
    // any byte but the two separators; a key without '=' that has no meaning
    static readonly Gen<string> Value = Gen.Byte[1, 255].Where(b => b != '\n').Array[0, 40].Select(bytes =>
        ByteText.Of(bytes));
    static readonly Gen<string> Property = Gen.Select(
        Gen.Char['a', 'z'].Array[1, 10], Value, (key, value) => $"{new string(key)}={value}");
    static readonly Gen<string> Modalias = Value.Where(value => value.Length > 0);

    [Fact]
    public void Message_of_the_kernel_is_parsed()
    {
        Assert.True(UeventText.TryParseMessage(
            Bytes("add@/devices/pci0000:00/0000:00:04.0\0ACTION=add\0DEVPATH=/devices/pci0000:00/0000:00:04.0\0" +
                "SUBSYSTEM=pci\0PCI_CLASS=FF00\0MODALIAS=pci:v00001AF4\0SEQNUM=814\0"),
            out var e));
        Assert.Equal(
            (DeviceAction.Add, "/devices/pci0000:00/0000:00:04.0", "pci", 814UL),
            (e.Action, e.DevPath, e.Subsystem, e.Seqnum));
        Assert.Equal(["pci:v00001AF4"], e.Modaliases);
        Assert.Equal(["PCI_CLASS=FF00"], e.Properties);
    }

    [Fact]
    public void Message_round_trips_any_bytes() => Gen.Select(
        Gen.OneOf(
            "add", "remove", "change", "move", "online", "offline", "bind", "unbind",
            "frobnicate"), Value, Value, Gen.ULong, Modalias.List[0, 3], Property.List[0, 8])
        .Sample((action, path, subsystem, seqnum, modaliases, properties) =>
        {
            List<string> lines =
            [
                $"{action}@/x", $"ACTION={action}", $"DEVPATH=/d{path}", $"SUBSYSTEM={subsystem}", $"SEQNUM={seqnum}",
            ];
            lines.AddRange(modaliases.Select(m => $"MODALIAS={m}"));
            lines.AddRange(properties);
            Assert.True(UeventText.TryParseMessage(Bytes(string.Join('\0', lines) + "\0"), out var e));
            Assert.Equal(
                Enum.TryParse<DeviceAction>(action, ignoreCase: true, out var known) ? known : DeviceAction.Other,
                e.Action);
            Assert.Equal(($"/d{path}", subsystem, seqnum), (e.DevPath, e.Subsystem, e.Seqnum));
            Assert.Equal(modaliases, e.Modaliases);
            Assert.Equal(properties, e.Properties);
        });

    [Fact]
    public void File_round_trips_any_bytes_with_or_without_last_newline() =>
        Gen.Select(Modalias.List[0, 3], Property.List[0, 8], Gen.Bool).Sample((modaliases, properties, newline) =>
        {
            var text = string.Join('\n', modaliases.Select(m => $"MODALIAS={m}").Concat(properties)) + (
                newline ? "\n" : "");
            var e = UeventText.ParseFile(Bytes(text), "/devices/x", "bus", 7);
            Assert.Equal((DeviceAction.Add, "/devices/x", "bus", 7UL), (e.Action, e.DevPath, e.Subsystem, e.Seqnum));
            Assert.Equal(modaliases, e.Modaliases);
            Assert.Equal(properties, e.Properties);
        });

    [Fact]
    public void Damaged_message_is_a_valid_event_or_refused() => Gen.Select(
        Gen.Int[0, 200], Gen.Byte, Gen.Int[0, 200]).Sample((at, value, cut) =>
    {
        var message = Bytes(
            "add@/devices/a\0ACTION=add\0DEVPATH=/devices/a\0SUBSYSTEM=pci\0MODALIAS=pci:v1\0SEQNUM=3\0");
        message[at % message.Length] = value;
        if (UeventText.TryParseMessage(message.AsSpan(0, message.Length - (cut % message.Length)), out var e))
        {
            Assert.StartsWith("/", e.DevPath, StringComparison.Ordinal);
            Assert.DoesNotContain(
                '\0', e.DevPath + e.Subsystem + string.Concat(e.Modaliases) + string.Concat(e.Properties));
            Assert.DoesNotContain("", e.Modaliases);
        }
    }, iter: 20_000);

    [Fact]
    public void Random_bytes_are_no_message_and_only_lines_with_keys_count() => Gen.Byte.Array[0, 300].Sample(bytes =>
    {
        Assert.False(UeventText.TryParseMessage(bytes, out _));
        Assert.All(
            UeventText.ParseFile(bytes, "/devices/x", "", 0).Properties,
            property => Assert.True(property.IndexOf('=') > 0));
    }, iter: 20_000);

    [Theory]
    [InlineData("")]
    [InlineData("add@/devices/a")]
    [InlineData("add@/devices/a\0")]
    [InlineData("@/devices/a\0ACTION=add\0DEVPATH=/a\0SEQNUM=1\0")]
    [InlineData("add@/a\0DEVPATH=/a\0SEQNUM=1\0")]
    [InlineData("add@/a\0ACTION=add\0SEQNUM=1\0")]
    [InlineData("add@/a\0ACTION=add\0DEVPATH=a\0SEQNUM=1\0")]
    [InlineData("add@/a\0ACTION=add\0DEVPATH=/\0SEQNUM=1\0")]
    [InlineData("add@/a\0ACTION=add\0DEVPATH=/a\0")]
    [InlineData("add@/a\0ACTION=add\0DEVPATH=/a\0SEQNUM=-1\0")]
    [InlineData("add@/a\0ACTION=add\0DEVPATH=/a\0SEQNUM=18446744073709551616\0")]
    [InlineData("libudev\0ACTION=add\0DEVPATH=/a\0SEQNUM=1\0")]
    public void Message_without_a_required_part_is_refused(string message) => Assert.False(
        UeventText.TryParseMessage(Bytes(message), out _));

    [Fact]
    public void First_of_equal_fields_counts()
    {
        Assert.True(UeventText.TryParseMessage(
            "add@/a\0ACTION=add\0DEVPATH=/a\0SEQNUM=1\0ACTION=remove\0DEVPATH=/b\0SEQNUM=2\0"u8, out var e));
        Assert.Equal((DeviceAction.Add, "/a", 1UL), (e.Action, e.DevPath, e.Seqnum));
        Assert.Empty(e.Properties);
    }

    static byte[] Bytes(string text) => ByteText.BytesOf(text);
}
