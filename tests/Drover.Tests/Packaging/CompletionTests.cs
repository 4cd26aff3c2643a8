namespace Drover.Tests.Packaging;

/// <summary>Each shell, asked as by the Tab key, completes the same: verbs, options, their values, and files.</summary>
public sealed class CompletionTests : IDisposable
{
    /// <summary>A line up to the cursor, and its completions, sorted.</summary>
    static readonly (string Line, string Completions)[] s_questions =
    [
        ("drover re", "report resolve"), ("drover help re", "report resolve"),
        ("drover modinfo --fi", "--field --filename"), ("drover coldplug --dry", "--dry-run"),
        ("drover herd --gate e", "early exclusive"), ("drover herd --gate=i", "idempotent"),
        ("drover coldplug --decompress ", "here kernel"), ("drover timeline --color ", "always auto never"),
        ("drover watch --sort t", "time"), ("drover report rec", "rec1.jsonl rec2.json"),
        ("drover report --html rec1", "rec1.jsonl"), ("drover boot --recording rec2", "rec2.json"),
        ("drover boot rec", ""), ("drover modules-load rec2", "rec2.json"),
        ("drover policy ", "check export import learn"),
        ("drover policy check rec1", "rec1.jsonl"), ("drover herd --scenario deb", "debian12 debian13"),
        ("drover herd --scenario rec", "rec1.jsonl rec2.json"), ("drover audit --initramfs ru", "running"),
        ("modprobe --dry", "--dry-run"), ("insmod rec1", "rec1.jsonl"),
    ];

    readonly string _directory = Directory.CreateTempSubdirectory("drover-completion-").FullName;

    public CompletionTests()
    {
        foreach (var name in new[] { "rec1.jsonl", "rec2.json" })
            File.WriteAllText($"{_directory}/{name}", "");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Bash_completes()
    {
        // a word ends before and after an equals sign, as in COMP_WORDBREAKS
        const string Script = """
            cd "$1"; source "$0"
            while IFS= read -r line; do
                echo "== $line"
                read -ra COMP_WORDS <<<"${line/=/ = }"
                [[ $line != *' ' ]] || COMP_WORDS+=('')
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
                function=$(complete -p "${COMP_WORDS[0]}")
                function=${function#*-F }
                ${function%% *} "${COMP_WORDS[0]}"
                printf '%s\n' "${COMPREPLY[@]}"
            done
            """;
        ShouldComplete(Ask("bash", ["-c", Script, Completion("drover.bash"), _directory]));
    }

    [Fact]
    public void Fish_completes()
    {
        const string Script = """
            cd $argv[2]; source $argv[1]
            while read -l line
                echo "== $line"
                complete -C $line
            end
            """;
        // with what a completion does, behind a tab; and of --gate=i the whole word
        ShouldComplete(Ask("fish", ["--no-config", "-c", Script, Completion("drover.fish"), _directory])
            .Select(line => line.Split('\t')[0]).Select(line => line.StartsWith("== ", StringComparison.Ordinal)
                ? line
                : line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..]));
    }

    /// <summary>In a pseudo-terminal, where its line editor runs; each match that is added is written down.</summary>
    [Fact]
    public void Zsh_completes()
    {
        File.WriteAllText($"{_directory}/.zshrc", $$"""
            fpath=({{Path.GetDirectoryName(Completion("_drover"))}} $fpath)
            autoload -Uz compinit && compinit -u -D
            # with -A, -O or -D it only fills arrays
            compadd() {
                if (( ! ${argv[(I)-[AOD]]} )); then
                    local -a matches
                    builtin compadd -O matches "$@"
                    print -rl -- $matches >>completed
                fi
                builtin compadd "$@"
            }
            zle-line-init() {
                local line
                for line in "${(f)$(<questions)}"; do
                    print -r -- "== $line" >>completed
                    BUFFER=$line CURSOR=$#line
                    zle complete-word
                done
                exit
            }
            zle -N zle-line-init
            """);
        File.WriteAllLines($"{_directory}/questions", s_questions.Select(question => question.Line));
        const string Script = """
            cd $1
            zmodload zsh/zpty
            zpty shell 'ZDOTDIR=$PWD zsh -d -i'
            while zpty -r shell line; do :; done
            """;
        var (exit, output) = PackagingTests.Run("zsh", "-f", "-c", Script, "zsh", _directory);
        Assert.Equal((0, ""), (exit, output));
        ShouldComplete(File.ReadAllLines($"{_directory}/completed"));
    }

    static string Completion(string name) => Path.Combine(Repository.Root, "packaging/completions", name);

    /// <summary>Its answers to the questions on its standard input.</summary>
    string[] Ask(string shell, string[] arguments)
    {
        File.WriteAllLines($"{_directory}/questions", s_questions.Select(question => question.Line));
        var (exit, output) = PackagingTests.Run(
            "bash", ["-c", "command -v $1 >/dev/null || exit 77; exec \"${@:2}\" <\"$0\"",
                $"{_directory}/questions", shell, shell, .. arguments]);
        Assert.SkipWhen(exit == 77, $"{shell} is not installed");
        Assert.Equal(0, exit);
        return output.Split('\n');
    }

    static void ShouldComplete(IEnumerable<string> answers)
    {
        var found = new Dictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        var line = "";
        foreach (var answer in answers.Where(answer => answer.Length > 0))
        {
            if (answer.StartsWith("== ", StringComparison.Ordinal))
                found[line = answer[3..]] = new(StringComparer.Ordinal);
            else
                found[line].Add(answer.TrimEnd());
        }
        Assert.Equal(
            s_questions.Select(question => $"{question.Line}: {question.Completions}"),
            s_questions.Select(question => $"{question.Line}: {string.Join(' ', found[question.Line])}"));
    }
}
