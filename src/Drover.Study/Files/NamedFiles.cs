using Drover.Linux.Files;

namespace Drover.Study.Files;

/// <summary>The files that a command line names: none is read or written twice where that would lose one.</summary>
static class NamedFiles
{
    /// <summary>Options of what is written, to a file or, without a value, to standard output.</summary>
    static readonly string[] s_outputs = ["html", "trace", "stats", "save", "output", "metrics", "json", "csv"];

    /// <summary>For messages, <c>--html</c> or the operand, and the path.</summary>
    readonly record struct Named(string By, string Path);

    /// <exception cref="UsageException">Standard input is read twice, standard output has two documents, or an output
    /// would overwrite an input or another output.</exception>
    public static void Check(Verb verb, Arguments arguments)
    {
        var options = verb.Options.Where(option => option.Value == "FILE").ToLookup(IsOutput);
        var read = Given(options[false]).Concat(FileOperands(verb, arguments).Select(file => new Named(file, file)));
        CheckFiles([.. read], [.. Given(options[true])]);

        Named[] dashes = [.. Given(options[true]).Where(IsDash)];
        string[] written = [.. verb.Options.Where(option => option.Value is null && IsOutput(option)
            && arguments.Has(option)).Select(option => $"--{option.Name}")];
        if (dashes.Select(dash => dash.By).Concat(written).ToArray() is [var one, var other, ..] && dashes.Length > 0)
            throw new UsageException($"{one} and {other} both write to standard output");
        if (read.Where(IsDash).ToArray() is [var first, var second, ..])
        {
            throw new UsageException(
                $"{first.By} and {second.By} both read standard input, which can be read once");
        }

        // a word that the option knows, as that of a built-in scenario, is no file
        IEnumerable<Named> Given(IEnumerable<Option> some) =>
            from option in some
            let path = arguments.Text(option)
            where path is not null && !option.Words.Contains(path)
            select new Named($"--{option.Name}", path);
    }

    static void CheckFiles(Named[] read, Named[] written)
    {
        for (var i = 0; i < written.Length; i++)
        {
            var (by, path) = written[i];
            if (path == InputFile.Dash || LinuxPath.IdentityOf(path) is not { } identity)
                continue;
            if (Array.Find(read, input => IdentityOf(input) == identity).Path is { } lost)
                throw new UsageException($"{by} {path} would overwrite {InputFile.NameOf(lost)}, which is read");
            if (Array.FindIndex(written, i + 1, output => IdentityOf(output) == identity) is >= 0 and var other)
                throw new UsageException($"{by} and {written[other].By} both write {path}");
        }
    }

    static string? IdentityOf(Named file) => LinuxPath.IdentityOf(IsDash(file) ? InputFile.StandardInput : file.Path);

    static IEnumerable<string> FileOperands(Verb verb, Arguments arguments) => verb.Operands switch
    {
        "FILE…" => arguments.Operands,
        // the first says what to do
        _ when verb.Operands.EndsWith("[RECORDING…]", StringComparison.Ordinal) => arguments.Operands.Skip(1),
        _ => [],
    };

    static bool IsOutput(Option option) => s_outputs.Contains(option.Name);

    static bool IsDash(Named file) => file.Path == InputFile.Dash;
}
