using System.Text.RegularExpressions;
using System.Xml.Linq;
using Mono.Cecil;

namespace Drover.Tests.House;

/// <summary>The arrows between namespaces of the compiled programs are those that ARCHITECTURE.md draws, without a
/// circle; a room is an assembly, and only Drover.Linux calls into the C library.</summary>
public partial class RoomsTests
{
    static readonly Dictionary<string, SortedSet<string>> s_compiled = ReadPrograms();

    static readonly Dictionary<string, string[]> s_drawn = ReadDrawing();

    public static TheoryData<string> Rooms => new(Projects().Select(path => Path.GetFileNameWithoutExtension(path)));

    [Fact]
    public void Every_namespace_is_drawn() =>
        Assert.Equal(s_compiled.Keys.Order(StringComparer.Ordinal), s_drawn.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Every_arrow_is_drawn_and_every_drawn_arrow_exists()
    {
        static IEnumerable<string> Arrows<T>(Dictionary<string, T> uses)
            where T : IEnumerable<string> => uses
                .SelectMany(pair => pair.Value.Select(used => $"{pair.Key} -> {used}")).Order(StringComparer.Ordinal);
        Assert.Equal(Arrows(s_drawn), Arrows(s_compiled));
    }

    [Fact]
    public void No_arrow_leads_back()
    {
        var done = new HashSet<string>();
        foreach (var start in s_compiled.Keys)
            Visit(start, []);

        void Visit(string name, List<string> path)
        {
            Assert.False(path.Contains(name), $"a circle: {string.Join(" -> ", path)} -> {name}");
            if (!done.Add(name))
                return;
            foreach (var used in s_compiled[name])
                Visit(used, [.. path, name]);
        }
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_project_refers_to_the_rooms_that_its_namespaces_use(string room)
    {
        var project = Projects().Single(path => Path.GetFileNameWithoutExtension(path) == room);
        var references = XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
        var used = s_drawn.Where(pair => RoomOf(pair.Key) == room).SelectMany(pair => pair.Value)
            .Select(RoomOf).Distinct().Where(other => other != room);
        Assert.Equal(used.Order(StringComparer.Ordinal), references.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Only_Linux_has_platform_invokes(string room)
    {
        if (room == "Drover.Linux")
            return;
        using var assembly = Open(room);
        Assert.Empty(Types(assembly.MainModule).SelectMany(type => type.Methods)
            .Where(method => method.IsPInvokeImpl).Select(method => method.FullName));
    }

    [Fact]
    public void The_boot_program_holds_nothing_of_the_study_program()
    {
        using var assembly = Open("Drover");
        var rooms = new HashSet<string>();
        Collect(assembly);
        Assert.DoesNotContain("Drover.Model", rooms);
        Assert.DoesNotContain("drover-study", rooms);

        void Collect(AssemblyDefinition from)
        {
            foreach (var name in from.MainModule.AssemblyReferences.Select(reference => reference.Name))
            {
                if (!name.StartsWith("Drover", StringComparison.Ordinal) || !rooms.Add(name))
                    continue;
                using var next = Open(name);
                Collect(next);
            }
        }
    }

    static string[] Projects() =>
        Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories);

    static string RoomOf(string name) => Projects().Select(path => Path.GetFileNameWithoutExtension(path)!)
        .Where(room => name == room || name.StartsWith($"{room}.", StringComparison.Ordinal))
        .MaxBy(room => room.Length)!;

    static AssemblyDefinition Open(string room)
    {
        // the programs' assemblies have the names that a shell uses
        var file = room switch { "Drover" => "drover", "Drover.Study" => "drover-study", _ => room };
        return AssemblyDefinition.ReadAssembly(Path.Combine(AppContext.BaseDirectory, $"{file}.dll"));
    }

    /// <summary>ARCHITECTURE.md's lines <c>NAMESPACE: NAMESPACE, …</c>; DROVER_UPDATE_GOLDEN=1 writes them.</summary>
    static Dictionary<string, string[]> ReadDrawing()
    {
        var path = Path.Combine(Repository.Root, "ARCHITECTURE.md");
        var text = File.ReadAllText(path);
        if (Environment.GetEnvironmentVariable("DROVER_UPDATE_GOLDEN") == "1")
        {
            var lines = string.Join('\n', s_compiled.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => Wrap($"{pair.Key}: {string.Join(", ", pair.Value)}")));
            text = Drawing.Replace(text, match => $"{match.Groups["head"].Value}```\n{lines}\n```\n");
            File.WriteAllText(path, text);
        }
        return ArrowLine.Matches(Drawing.Match(text).Value).ToDictionary(
            match => match.Groups["name"].Value,
            match => match.Groups["uses"].Value.Split([',', ' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
    }

    static string Wrap(string line)
    {
        const int MaxColumns = 116;
        if (line.Length <= MaxColumns)
            return line.TrimEnd();
        var cut = line.LastIndexOf(", ", MaxColumns, StringComparison.Ordinal) + 1;
        return $"{line[..cut]}\n{Wrap($"    {line[cut..].TrimStart()}")}";
    }

    static Dictionary<string, SortedSet<string>> ReadPrograms()
    {
        var uses = new Dictionary<string, SortedSet<string>>();
        foreach (var room in Projects().Select(path => Path.GetFileNameWithoutExtension(path)!))
        {
            using var assembly = Open(room);
            foreach (var type in Types(assembly.MainModule))
            {
                var name = NamespaceOf(type);
                if (!name.StartsWith("Drover", StringComparison.Ordinal))
                    continue; // what the compiler adds
                if (!uses.TryGetValue(name, out var used))
                    uses[name] = used = new SortedSet<string>(StringComparer.Ordinal);
                used.UnionWith(TypesUsedBy(type).Select(NamespaceOf)
                    .Where(other => other != name && other.StartsWith("Drover", StringComparison.Ordinal)));
            }
        }
        return uses;
    }

    static IEnumerable<TypeDefinition> Types(ModuleDefinition module) => module.GetTypes();

    static string NamespaceOf(TypeReference type) =>
        type.DeclaringType is { } outer ? NamespaceOf(outer) : type.Namespace;

    /// <summary>The types in a type's declaration, its members' signatures, and its methods' code.</summary>
    static IEnumerable<TypeReference> TypesUsedBy(TypeDefinition type)
    {
        var used = new List<TypeReference?> { type.BaseType };
        used.AddRange(type.Interfaces.Select(one => one.InterfaceType));
        used.AddRange(type.GenericParameters.SelectMany(parameter => parameter.Constraints)
            .Select(constraint => constraint.ConstraintType));
        used.AddRange(type.Fields.Select(field => field.FieldType));
        used.AddRange(type.CustomAttributes.Select(attribute => attribute.AttributeType));
        foreach (var method in type.Methods)
        {
            used.Add(method.ReturnType);
            used.AddRange(method.Parameters.Select(parameter => parameter.ParameterType));
            if (!method.HasBody)
                continue;
            used.AddRange(method.Body.Variables.Select(variable => variable.VariableType));
            used.AddRange(method.Body.ExceptionHandlers.Select(handler => handler.CatchType));
            foreach (var operand in method.Body.Instructions.Select(instruction => instruction.Operand))
            {
                used.Add(operand as TypeReference);
                if (operand is not MemberReference member || operand is TypeReference)
                    continue;
                used.Add(member.DeclaringType);
                used.Add((member as FieldReference)?.FieldType);
                if (member is MethodReference called)
                {
                    used.Add(called.ReturnType);
                    used.AddRange(called.Parameters.Select(parameter => parameter.ParameterType));
                    used.AddRange((called as GenericInstanceMethod)?.GenericArguments ?? []);
                }
            }
        }
        return used.SelectMany(Parts);
    }

    /// <summary>A type without its array or reference, and its generic arguments.</summary>
    static IEnumerable<TypeReference> Parts(TypeReference? type) => type switch
    {
        null or GenericParameter => [],
        GenericInstanceType generic => generic.GenericArguments.SelectMany(Parts).Append(generic.ElementType),
        TypeSpecification wrapped => Parts(wrapped.ElementType),
        _ => [type],
    };

    [GeneratedRegex(
        @"(?<head>^## Which namespace uses which\n.*?)^```\n.*?^```\n",
        RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    static partial Regex Drawing { get; }

    [GeneratedRegex(
        @"^(?<name>Drover[\w.]*):(?<uses>[ ,\w.]*(\n {2,}[ ,\w.]+)*)$",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    static partial Regex ArrowLine { get; }
}
