using System.Globalization;
using System.Text;
using Drover.Lab.Prepare;

namespace Drover.Lab.Tests.Prepare;

public sealed class CpioWriterTests
{
    [Fact]
    public void Parents_come_first_and_once_and_root_owns_everything()
    {
        using var output = new MemoryStream();
        using (var archive = new CpioWriter(output))
        {
            archive.File("usr/bin/tool", "#!", executable: true);
            archive.Link("usr/bin/other", "tool");
            archive.CharacterDevice("dev/console", 5, 1);
        }

        Assert.Equal(0, output.Length % 512);
        Assert.Equal(
            [
                "usr 40755 ", "usr/bin 40755 ", "usr/bin/tool 100755 #!", "usr/bin/other 120777 tool", "dev 40755 ",
                "dev/console 20600 ", "TRAILER!!! 0 ",
            ],
            Entries(output.ToArray()));
    }

    /// <summary>Each entry's name, octal mode and content.</summary>
    static IEnumerable<string> Entries(byte[] archive)
    {
        var at = 0;
        for (var name = ""; name != "TRAILER!!!";)
        {
            Assert.Equal("070701", Encoding.ASCII.GetString(archive, at, 6));
            var (mode, uid, size, nameLength) = (Field(1), Field(2), Field(6), Field(11));
            Assert.Equal(0, uid);
            name = Encoding.ASCII.GetString(archive, at + 110, nameLength - 1);
            var data = (at + 110 + nameLength + 3) & ~3;
            yield return $"{name} {Convert.ToString(mode, 8)} {Encoding.ASCII.GetString(archive, data, size)}";
            at = (data + size + 3) & ~3;

            int Field(int index) =>
                int.Parse(Encoding.ASCII.GetString(archive, at + 6 + index * 8, 8), NumberStyles.HexNumber);
        }
    }
}
