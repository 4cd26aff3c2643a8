using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace Drover.Tests.House;

/// <summary>
/// The arrows between the rooms: Devices → Loading → Modules; Linux and Model stand behind the ports and never see each other;
/// only the program wires them, and only Linux talks to libc.
/// </summary>
public class RoomsTests
{
    static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Drover.Modules"] = [],
        ["Drover.Loading"] = ["Drover.Modules"],
        ["Drover.Devices"] = ["Drover.Loading", "Drover.Modules"],
        ["Drover.Linux"] = ["Drover.Devices", "Drover.Loading", "Drover.Modules"],
        ["Drover.Model"] = ["Drover.Devices", "Drover.Loading", "Drover.Modules"],
        ["Drover"] = ["Drover.Devices", "Drover.Linux", "Drover.Loading", "Drover.Model", "Drover.Modules"],
    };

    public static TheoryData<string> Rooms => new(Allowed.Keys);

    public static TheoryData<string> RoomsButLinux => new(Allowed.Keys.Where(room => room != "Drover.Linux"));

    [Fact]
    public void Every_room_has_its_arrows_named_here()
    {
        var rooms = Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension);
        Assert.Equal(Allowed.Keys.Order(), rooms.Order());
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_project_refers_to_exactly_the_rooms_it_may_use(string room)
    {
        var references = XDocument.Load(Path.Combine(Repository.Root, "src", room, room + ".csproj"))
            .Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
        Assert.Equal(Allowed[room], references.Order());
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_compiled_room_uses_no_other_room_than_it_may(string room)
    {
        using var assembly = Open(room);
        var metadata = assembly.GetMetadataReader();
        var used = metadata.AssemblyReferences
            .Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))
            .Where(name => name.StartsWith("Drover", StringComparison.OrdinalIgnoreCase));
        Assert.Empty(used.Except(Allowed[room]));
    }

    [Theory]
    [MemberData(nameof(RoomsButLinux))]
    public void No_room_but_Linux_has_platform_invokes(string room)
    {
        using var assembly = Open(room);
        var metadata = assembly.GetMetadataReader();
        var imports = metadata.MethodDefinitions
            .Select(metadata.GetMethodDefinition)
            .Where(method => !method.GetImport().Module.IsNil)
            .Select(method => metadata.GetString(method.Name));
        Assert.Empty(imports);
    }

    static PEReader Open(string room)
    {
        // the program's assembly is named as it is typed
        var file = room == "Drover" ? "drover.dll" : room + ".dll";
        return new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, file)));
    }
}
