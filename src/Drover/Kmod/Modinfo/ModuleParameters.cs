namespace Drover.Kmod;

/// <summary>A parameter of a module; its parts are raw text.</summary>
/// <param name="Name">As it is given to modprobe.</param>
sealed record ModuleParameter(string Name)
{
    /// <summary>What <c>parm=</c> says of it, or null.</summary>
    public string? Description { get; set; }

    /// <summary>What <c>parmtype=</c> says of it, or null.</summary>
    public string? Type { get; set; }

    /// <summary>Among all of a module's fields: without a description, the type stands in its place.</summary>
    public string AsLine => Description is null ? $"{Name}:{Type}" : AsValue;

    /// <summary>Where parameters alone were asked for: the type always in brackets.</summary>
    public string AsValue => Type is null ? $"{Name}:{Description}" : $"{Name}:{Description} ({Type})";
}

/// <summary>The parameters of a module, put together of its lines <c>parm=NAME:DESCRIPTION</c> and <c>parmtype=NAME:TYPE</c>. One owner.</summary>
sealed class ModuleParameters
{
    public const string Description = "parm", Type = "parmtype";

    readonly Dictionary<string, ModuleParameter> _byName = new(StringComparer.Ordinal);
    readonly List<ModuleParameter> _inOrder = [];

    /// <summary>In the order in which modinfo prints them: the one that was mentioned last comes first.</summary>
    public IEnumerable<ModuleParameter> LastFirst => Enumerable.Reverse(_inOrder);

    public static bool IsOf(string key) => key is Description or Type;

    /// <summary>Takes one line; the last of a kind counts. False without a colon.</summary>
    public bool TryAdd(string key, string value)
    {
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return false;
        var name = value[..colon];
        if (!_byName.TryGetValue(name, out var parameter))
        {
            parameter = new ModuleParameter(name);
            _byName.Add(name, parameter);
            _inOrder.Add(parameter);
        }
        if (key == Description)
            parameter.Description = value[(colon + 1)..];
        else
            parameter.Type = value[(colon + 1)..];
        return true;
    }
}
