using Drover.Study.Drawing;

namespace Drover.Study.Audit;

/// <summary>The audit of an initramfs as text and as JSON (docs/audit.md).</summary>
sealed class InitramfsReport(InitramfsAudit audit, string image)
{
    public void WriteText(Terminal terminal)
    {
        var writer = terminal.Out;
        writer.WriteLine(PlainText.Of(Verdict()));
        if (audit.Lacking.Count > 0)
        {
            writer.WriteLine();
            var modules = new FittedTable("NOT IN THE IMAGE", "FOR", "WHY");
            foreach (var (module, purpose, why) in audit.Lacking)
                modules.Add(module, purpose, why);
            modules.WriteTo(terminal);
        }
        if (audit.Files.Count > 0)
        {
            writer.WriteLine();
            var files = new FittedTable("CONFIGURATION", "THE IMAGE AND THE SYSTEM DIFFER");
            foreach (var (path, difference) in audit.Files)
                files.Add(path, difference);
            files.WriteTo(terminal);
        }
        writer.WriteLine();
        writer.WriteLine($"{audit.ModulesInImage} modules of {PlainText.Of(audit.Release)} are in the image. "
            + (audit.Later.Count == 0
                ? "It has all that devices want."
                : $"{audit.Later.Count} others that devices want load later, from the root file system: "
                    + $"{FittedTable.ListOf(audit.Later)}."));
        foreach (var limitation in audit.Limitations)
            writer.WriteLine(PlainText.Of(limitation));
    }

    public void WriteJson(TextWriter writer) => Json.Write(writer, json =>
    {
        json.WriteString("verdict", Verdict());
        json.WriteString("image", image);
        json.WriteString("kernel", audit.Release);
        json.WriteNumber("modulesInImage", audit.ModulesInImage);
        json.WriteNumber("needed", audit.Needed);
        json.WriteObjects("lacking", audit.Lacking, one =>
        {
            json.WriteString("module", one.Module);
            json.WriteString("for", one.For);
            json.WriteString("why", one.Why);
        });
        json.WriteObjects("files", audit.Files, file =>
        {
            json.WriteString("path", file.Path);
            json.WriteString("difference", file.Difference);
        });
        json.WriteStrings("later", audit.Later);
        json.WriteStrings("lacks", audit.Limitations);
    });

    string Verdict()
    {
        if (audit.ModulesInImage == 0)
            return $"{image} has no modules of kernel {audit.Release}.";
        var configuration = audit.Files.Count == 0
            ? "its configuration is the system's"
            : (audit.Files.Count == 1 ? "1 file of its configuration differs"
                : $"{audit.Files.Count} files of its configuration differ") + " from the system's: build it again";
        if (audit.Needed == 0)
            return $"What root and the keyboard need of {image} is not known; {configuration}.";
        return audit.Lacking.Count == 0
            ? $"{image} has all {audit.Needed} modules that root and the keyboard need; {configuration}."
            : $"{image} lacks {audit.Lacking.Count} of the {audit.Needed} modules that root and the keyboard need; "
                + $"{configuration}.";
    }
}
