using System.Text;

namespace Drover.Modules.Config;

/// <summary>The lines of modprobe.d, modules.softdep and modules.weakdep (kmod: <c>kmod_config_parse</c>). Stateless.</summary>
internal static class ConfigParser
{
    /// <summary>What separates words; more than in the C library's default, a blank or tab only.</summary>
    private static ReadOnlySpan<byte> Blanks => "\t "u8;

    /// <summary>What separates the words of a dependency list: isspace(3).</summary>
    private static ReadOnlySpan<byte> Spaces => " \t\n\v\f\r"u8;

    public static void Parse(ReadOnlySpan<byte> text, string file, ConfigRules to)
    {
        ConfigLines lines = new(text);
        while (lines.MoveNext())
        {
            // only a # in column 0 makes a comment
            to.LastLine = lines.LastNumber;
            if (!lines.Current.IsEmpty && lines.Current[0] != '#') ParseLine(lines.Current, new ConfigSource(file, lines.Number), to);
        }
    }

    private static void ParseLine(ReadOnlySpan<byte> line, ConfigSource source, ConfigRules to)
    {
        ReadOnlySpan<byte> rest = line;
        ReadOnlySpan<byte> command = Word(ref rest, Blanks);
        if (command.IsEmpty) return;
        ReadOnlySpan<byte> word = Word(ref rest, Blanks);
        string? name = word.IsEmpty ? null : Name(word);
        if (command.SequenceEqual("alias"u8))
        {
            ReadOnlySpan<byte> module = Word(ref rest, Blanks);
            if (name is not null && !module.IsEmpty && Name(module) is string normalized) to.Aliases.Add(new AliasRule(name, normalized, source));
            else to.Bad(source, "alias", "\"alias\" needs a pattern and a module, with no unmatched bracket");
        }
        else if (command.SequenceEqual("blacklist"u8))
        {
            if (name is not null) to.Blacklist.Add(new BlacklistRule(name, source));
            else to.Bad(source, "blacklist", "\"blacklist\" needs a module, with no unmatched bracket");
        }
        else if (TakesRest(command))
        {
            if (name is null || rest.IsEmpty) to.Bad(source, Text(command), $"\"{Text(command)}\" needs a module, with no unmatched bracket, and something to say of it");
            else AddRule(command, name, rest, source, to);
        }
        else if (command.SequenceEqual("include"u8) || command.SequenceEqual("config"u8))
        {
            to.Bad(source, Text(command), $"\"{Text(command)}\" is no longer a command; put the file into a modprobe.d directory");
        }
        else
        {
            to.Bad(source, Text(command), $"\"{Text(command)}\" is not a command of modprobe.d");
        }
    }

    /// <summary>The commands that take a name and the rest of the line as it is.</summary>
    private static bool TakesRest(ReadOnlySpan<byte> command) =>
        command.SequenceEqual("options"u8) || command.SequenceEqual("install"u8) || command.SequenceEqual("remove"u8)
        || command.SequenceEqual("softdep"u8) || command.SequenceEqual("weakdep"u8);

    private static void AddRule(ReadOnlySpan<byte> command, string name, ReadOnlySpan<byte> rest, ConfigSource source, ConfigRules to)
    {
        switch (command[0])
        {
            case (byte)'o':
                to.Options.Add(new OptionsRule(name, Text(rest).Replace('\t', ' '), source));
                break;
            case (byte)'i':
                to.InstallCommands.Add(new CommandRule(name, Text(rest), source));
                break;
            case (byte)'r':
                to.RemoveCommands.Add(new CommandRule(name, Text(rest), source));
                break;
            case (byte)'s':
                to.SoftDependencies.Add(SoftDependency(name, rest, source));
                break;
            default:
                to.WeakDependencies.Add(new WeakDependencyRule(name, Words(rest), source));
                break;
        }
    }

    /// <summary>Words before the first <c>pre:</c> or <c>post:</c> mean nothing, as in kmod.</summary>
    private static SoftDependencyRule SoftDependency(string name, ReadOnlySpan<byte> rest, ConfigSource source)
    {
        List<string> pre = [], post = [];
        List<string>? now = null;
        foreach (string word in Words(rest))
        {
            if (word == "pre:") now = pre;
            else if (word == "post:") now = post;
            else now?.Add(word);
        }
        return new SoftDependencyRule(name, pre, post, source);
    }

    private static List<string> Words(ReadOnlySpan<byte> rest)
    {
        List<string> words = [];
        while (true)
        {
            ReadOnlySpan<byte> word = Word(ref rest, Spaces);
            if (word.IsEmpty) return words;
            words.Add(Text(word));
        }
    }

    /// <summary>Takes the next word and one separator behind it; what is left keeps its leading blanks (strtok_r(3)).</summary>
    private static ReadOnlySpan<byte> Word(ref ReadOnlySpan<byte> rest, ReadOnlySpan<byte> separators)
    {
        int start = rest.IndexOfAnyExcept(separators);
        if (start < 0)
        {
            rest = default;
            return default;
        }
        rest = rest[start..];
        int end = rest.IndexOfAny(separators);
        ReadOnlySpan<byte> word = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + 1)..];
        return word;
    }

    /// <summary>kmod (<c>underscores</c>) normalises every name in the configuration as it does an alias: it may be a pattern.</summary>
    private static string? Name(ReadOnlySpan<byte> word) => ModuleName.TryNormalizeAlias(Text(word), out string? name) ? name : null;

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
