using System.Text;

namespace Drover.Tests.Packaging;

/// <summary>The completion scripts of each shell.</summary>
static class Completions
{
    const string Header = """
        # Completion of drover and of kmod's tools. A test writes it from the program's tables: change those, then
        # run the test with DROVER_UPDATE_GOLDEN=1.

        """;

    static readonly ShellCommand[] s_commands = [.. CommandTable.Verbs, .. CommandTable.Tools];

    public static string Bash()
    {
        var text = new StringBuilder(Header).Append("""

            _drover_modules() {
                local list=/lib/modules/$(uname -r)/modules.dep
                [ -r "$list" ] && sed -n 's|^.*/\([^/:]*\)\.ko[^:]*:.*|\1|p; s|^\([^/:]*\)\.ko[^:]*:.*|\1|p' "$list"
            }

            _drover_loaded() {
                [ -r /proc/modules ] && cut -d' ' -f1 /proc/modules
            }

            # $1: the options; $2: those with a path as value; $3: the operands; $4: words of values, as --option:word.
            # An option may take both a word and a path, and files may follow the words of the first operand.
            _drover_words() {
                local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words
                [ "$current" != = ] || current=
                [ "$previous" != = ] || previous=${COMP_WORDS[COMP_CWORD-2]}
                words=$(printf '%s\n' $4 | sed -n "s|^$previous:||p")
                if [[ $previous == -* && -n $words || " $2 " == *" $previous "* ]]; then
                    COMPREPLY=($(compgen -W "$words" -- "$current"))
                    [[ " $2 " != *" $previous "* ]] || COMPREPLY+=($(compgen -f -- "$current"))
                elif [[ $current == -* ]]; then
                    COMPREPLY=($(compgen -W "$1" -- "$current"))
                else
                    case $3 in
                        modules)
                            COMPREPLY=($(compgen -W "$(_drover_modules)" -- "$current"))
                            COMPREPLY+=($(compgen -f -X '!*.ko*' -- "$current")) ;;
                        loaded) COMPREPLY=($(compgen -W "$(_drover_loaded)" -- "$current")) ;;
                        files) COMPREPLY=($(compgen -f -- "$current")) ;;
                        none) COMPREPLY=() ;;
                        *', files')
                            if [ "$COMP_CWORD" = 2 ]; then
                                COMPREPLY=($(compgen -W "${3%, files}" -- "$current"))
                            else
                                COMPREPLY=($(compgen -f -- "$current"))
                            fi ;;
                        *) COMPREPLY=($(compgen -W "$3" -- "$current")) ;;
                    esac
                fi
            }

            _drover_command() {
                case $1 in

            """);
        foreach (var command in s_commands)
        {
            var paths = BashNames(command.Options.Where(option => option.TakesPath));
            text.Append($"        {command.Name}) _drover_words '{BashNames(command.Options)}' '{paths}' ");
            text.Append($"'{Operands(command.Name)}' '{BashWords(command.Options)}' ;;\n");
        }
        text.Append($$"""
                esac
            }

            _drover() {
                if [ "$COMP_CWORD" = 1 ]; then
                    COMPREPLY=($(compgen -W '{{Names}} help --help --version' -- "${COMP_WORDS[1]}"))
                elif [ "${COMP_WORDS[1]}" = help ]; then
                    COMPREPLY=($(compgen -W '{{Names}}' -- "${COMP_WORDS[COMP_CWORD]}"))
                else
                    _drover_command "${COMP_WORDS[1]}"
                fi
            }

            _drover_tool() { _drover_command "${1##*/}"; }

            complete -F _drover drover

            """);
        foreach (var tool in CommandTable.Tools)
            text.Append($"complete -F _drover_tool {tool.Name}\n");
        return text.ToString();
    }

    public static string Zsh()
    {
        var tools = string.Join(' ', CommandTable.Tools.Select(tool => tool.Name));
        var text = new StringBuilder($"#compdef drover {tools}\n").Append(Header).Append("""

            _drover_modules() {
                local list=/lib/modules/$(uname -r)/modules.dep
                [[ -r $list ]] && compadd -- ${${${(f)"$(<$list)"}%%.ko*}##*/}
                _files -g '*.ko(|.*)'
            }

            _drover_loaded() {
                [[ -r /proc/modules ]] && compadd -- ${${(f)"$(</proc/modules)"}%% *}
            }

            _drover_command() {
                case $1 in

            """);
        foreach (var command in s_commands)
        {
            text.Append($"        {command.Name})\n            _arguments -s -S \\\n");
            foreach (var option in command.Options)
                text.Append($"                {ZshOption(option)} \\\n");
            text.Append($"                {ZshOperands(command.Name)}\n            ;;\n");
        }
        text.Append($"        help)\n            _arguments '1:command:({Names})'\n            ;;\n");
        text.Append("""
                esac
            }

            _drover() {
                if [[ $service != drover ]]; then
                    _drover_command $service
                    return
                fi
                if (( CURRENT == 2 )); then
                    local -a commands=(

            """);
        foreach (var command in s_commands)
            text.Append($"            {ZshQuote($"{command.Name}:{command.Summary}")}\n");
        text.Append($"            {ZshQuote($"help:{Help}")}\n");
        return text.Append("""
                    )
                    _describe command commands
                else
                    shift words
                    (( CURRENT-- ))
                    _drover_command $words[1]
                fi
            }

            _drover "$@"

            """).ToString();
    }

    public static string Fish()
    {
        var text = new StringBuilder(Header).Append("""

            function __drover_modules
                set -l list /lib/modules/(uname -r)/modules.dep
                test -r $list; and string replace -r '^(?:.*/)?([^/:]*)\.ko[^:]*:.*' '$1' <$list
            end

            function __drover_loaded
                test -r /proc/modules; and string replace -r ' .*' '' </proc/modules
            end


            """);
        foreach (var command in s_commands)
        {
            text.Append($"complete -c drover -n __fish_use_subcommand -f -a {command.Name} ");
            text.Append($"-d {FishQuote(command.Summary)}\n");
            AppendFish(text, command, $"-c drover -n '__fish_seen_subcommand_from {command.Name}'");
        }
        text.Append($"complete -c drover -n __fish_use_subcommand -f -a help -d {FishQuote(Help)}\n");
        text.Append($"complete -c drover -n '__fish_seen_subcommand_from help' -f -a {FishQuote(Names)}\n");
        foreach (var tool in CommandTable.Tools)
            AppendFish(text, tool, $"-c {tool.Name}");
        return text.ToString();
    }

    static string Names => string.Join(' ', s_commands.Select(command => command.Name));

    const string Help = "show the help of a command";

    /// <summary>Ends the words of a first operand that files may follow.</summary>
    const string ThenFiles = ", files";

    static string Operands(string command) => command switch
    {
        "modprobe" or "modinfo" or "load" or "why" => "modules",
        "rmmod" => "loaded",
        "insmod" or "report" or "modules-load" => "files",
        "policy" => $"check import export learn{ThenFiles}",
        "kmod" => "help list static-nodes",
        _ => "none",
    };

    static string BashNames(IEnumerable<ShellOption> options) => string.Join(' ',
        options.Select(option => option.Short is { } letter ? $"-{letter} --{option.Long}" : $"--{option.Long}"));

    /// <summary><c>--decompress:kernel --decompress:here</c>.</summary>
    static string BashWords(IEnumerable<ShellOption> options) => string.Join(' ', options.SelectMany(option =>
        option.Words.Select(word => $"--{option.Long}:{word}")));

    static string ZshOption(ShellOption option)
    {
        var help = option.Help.Replace('[', '(').Replace(']', ')').Replace(":", "\\:", StringComparison.Ordinal);
        var (value, plus, equals) = option.Value is null
            ? ("", "", "")
            : ($":{option.Value}:{ZshValues(option)}", "+", "=");
        var name = $"--{option.Long}{equals}";
        return (option.Short is { } letter ? $"{{-{letter}{plus},{name}}}" : name) + ZshQuote($"[{help}]{value}");
    }

    static string ZshValues(ShellOption option) => (string.Join(' ', option.Words), option.TakesPath) switch
    {
        ("", false) => "",
        ("", true) => "_files",
        (var words, false) => $"({words})",
        (var words, true) => $"{{compadd -- {words}; _files}}",
    };

    static string ZshOperands(string command) => Operands(command) switch
    {
        "modules" => "'*:module:_drover_modules'",
        "loaded" => "'*:module:_drover_loaded'",
        "files" => "'*:file:_files'",
        "none" => "'*: :'",
        var words when words.EndsWith(ThenFiles, StringComparison.Ordinal) =>
            $"'1:command:({words[..^ThenFiles.Length]})' '*:file:_files'",
        var words => $"'1:command:({words})'",
    };

    static string ZshQuote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    static string FishQuote(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    static void AppendFish(StringBuilder text, ShellCommand command, string which)
    {
        var operands = Operands(command.Name) switch
        {
            "modules" => "(__drover_modules)",
            "loaded" => "(__drover_loaded)",
            "files" => null,
            "none" => "",
            var words when words.EndsWith(ThenFiles, StringComparison.Ordinal) => null,
            var words => words,
        };
        if (Operands(command.Name) is var first && first.EndsWith(ThenFiles, StringComparison.Ordinal))
        {
            first = first[..^ThenFiles.Length];
            text.Append($"complete {which.TrimEnd('\'')}; and not __fish_seen_subcommand_from {first}' -f ");
            text.Append($"-a {FishQuote(first)}\n");
        }
        if (operands is not null)
        {
            text.Append($"complete {which}{(command.Name is "modinfo" or "modprobe" ? "" : " -f")}");
            text.Append(operands.Length > 0 ? $" -a {FishQuote(operands)}\n" : "\n");
        }
        foreach (var option in command.Options)
        {
            text.Append($"complete {which}{(option.Short is { } letter ? $" -s {letter}" : "")} -l {option.Long}");
            text.Append(option.Value is null ? "" : option.TakesPath ? " -r -F" : " -x");
            if (option.Words.Count > 0)
                text.Append($" -a {FishQuote(string.Join(' ', option.Words))}");
            text.Append($" -d {FishQuote(option.Help)}\n");
        }
    }
}
