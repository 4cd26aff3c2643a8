using Drover.Modules;
using Drover.Output;

namespace Drover.Kmod;

/// <summary>modinfo(8): what modules say of themselves.</summary>
sealed class ModinfoTool : KmodTool
{
    const int JsonOption = 0x100;

    static readonly LongOption[] s_longs =
    [
        new("author", OptionValue.None, 'a'),
        new("description", OptionValue.None, 'd'),
        new("license", OptionValue.None, 'l'),
        new("parameters", OptionValue.None, 'p'),
        new("filename", OptionValue.None, 'n'),
        new("null", OptionValue.None, '0'),
        new("modname", OptionValue.None, 'm'),
        new("field", OptionValue.Required, 'F'),
        new("set-version", OptionValue.Required, 'k'),
        new("basedir", OptionValue.Required, 'b'),
        new("version", OptionValue.None, 'V'),
        new("help", OptionValue.None, 'h'),
        new("json", OptionValue.None, JsonOption, IsOurs: true),
    ];

    const string Help = """
        Usage:
        	modinfo [options] <modulename|filename> [args]
        Options:
        	-a, --author                Print only 'author'
        	-d, --description           Print only 'description'
        	-l, --license               Print only 'license'
        	-p, --parameters            Print only 'parm'
        	-n, --filename              Print only 'filename'
        	-0, --null                  Use \0 instead of \n
        	-m, --modname               Handle argument as module name instead of alias or filename
        	-F, --field=FIELD           Print only provided FIELD
        	-k, --set-version=VERSION   Use VERSION instead of `uname -r`
        	-b, --basedir=DIR           Use DIR as filesystem root for /lib/modules
        	    --json                  Print one JSON document
        	-V, --version               Show version
        	-h, --help                  Show this help
        """;

    /// <inheritdoc/>
    public override string Name => "modinfo";

    /// <inheritdoc/>
    public override string Summary => "tell what a module says of itself";

    /// <inheritdoc/>
    public override int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        string? field = null, release = null, root = null;
        var separator = '\n';
        bool byName = false, json = false;
        var options = new GetOpt(Name, args, "adlpn0mF:k:b:Vh", s_longs, terminal.Error);
        for (var option = options.Next(); option != GetOpt.End; option = options.Next())
        {
            switch (option)
            {
                case 'a':
                    field = "author";
                    break;
                case 'd':
                    field = "description";
                    break;
                case 'l':
                    field = "license";
                    break;
                case 'p':
                    field = "parm";
                    break;
                case 'n':
                    field = ModuleText.FileName;
                    break;
                case '0':
                    separator = '\0';
                    break;
                case 'm':
                    byName = true;
                    break;
                case 'F':
                    field = RawText.Of(options.Value!);
                    break;
                case 'k':
                    release = options.Value;
                    break;
                case 'b':
                    root = options.Value;
                    break;
                case JsonOption:
                    json = true;
                    break;
                case 'h':
                    terminal.Out.WriteLine(Help);
                    return 0;
                case 'V':
                    ToolVersion.Write(terminal.Out);
                    return 0;
                default:
                    return 1;
            }
        }

        var log = new ToolLog(Name, terminal);
        if (options.Operands.Count == 0)
        {
            log.Error("missing module or filename.");
            return 1;
        }
        var finder = new ModuleFinder(root, release, byName, log);
        var isAllFound = true;
        var documents = new List<ModuleText>();
        foreach (var operand in options.Operands)
        {
            var modules = finder.Find(operand);
            isAllFound &= modules.Count > 0;
            foreach (var module in modules)
            {
                var text = new ModuleText(module, field, log);
                if (json)
                    documents.Add(text);
                else
                    terminal.WriteRaw(text.Write(separator));
                isAllFound &= text.IsWhole;
            }
        }
        if (json)
            Json.WriteArray(terminal.Out, documents, (writer, text) => text.WriteMembers(writer));
        return isAllFound ? 0 : 1;
    }
}
