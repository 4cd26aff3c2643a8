using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace Drover.Tests.House;

/// <summary>src/Drover/startup.order lists methods by their native names; the compiler skips unknown ones.</summary>
public partial class StartupOrderTests
{
    const double MinKnown = 0.9;

    [Fact]
    public void Most_methods_of_startup_order_exist()
    {
        var methods = Directory.GetFiles(AppContext.BaseDirectory, "*.dll").Where(IsOurs)
            .SelectMany(Methods).ToHashSet();
        var names = File.ReadLines(Path.Combine(Repository.Root, "src/Drover/startup.order"))
            .Where(name => OurPrefix().IsMatch(name)).ToList();
        Assert.NotEmpty(names);
        var unknown = names
            .Where(name => !methods.Contains(Suffix().Replace(Generics().Replace(name, ""), ""))).ToList();
        Assert.True(
            unknown.Count <= (1 - MinKnown) * names.Count,
            $"{unknown.Count} of {names.Count} methods do not exist: run bench/startup/order.\n"
            + string.Join('\n', unknown.Take(20)));
    }

    static bool IsOurs(string path) => OurAssembly().IsMatch(Path.GetFileName(path));

    /// <summary>ASSEMBLY_NAMESPACE_TYPE__METHOD, with an underscore for each other than a letter or digit.</summary>
    static IEnumerable<string> Methods(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        var assembly = Mangle(Path.GetFileNameWithoutExtension(path));
        return
        [
            .. from handle in metadata.TypeDefinitions
            let type = metadata.GetTypeDefinition(handle)
            from method in type.GetMethods()
            let name = metadata.GetString(metadata.GetMethodDefinition(method).Name)
            select Suffix().Replace($"{assembly}_{NameOf(metadata, type)}__{Mangle(name)}", ""),
        ];
    }

    static string NameOf(MetadataReader metadata, TypeDefinition type)
    {
        var name = Mangle(metadata.GetString(type.Name));
        if (type.GetDeclaringType() is { IsNil: false } outer)
            return $"{NameOf(metadata, metadata.GetTypeDefinition(outer))}_{name}";
        return type.Namespace.IsNil ? name : $"{Mangle(metadata.GetString(type.Namespace))}_{name}";
    }

    static string Mangle(string name) => NotAlphanumeric().Replace(name, "_");

    [GeneratedRegex(@"^([Dd]rover_|Drover[A-Z])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OurPrefix();

    [GeneratedRegex(@"^(drover|Drover\.\w+)\.dll$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OurAssembly();

    [GeneratedRegex("[^A-Za-z0-9]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NotAlphanumeric();

    /// <summary>Type arguments.</summary>
    [GeneratedRegex("<.*?>", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Generics();

    /// <summary>The number of an overload.</summary>
    [GeneratedRegex("_[0-9]+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Suffix();
}
