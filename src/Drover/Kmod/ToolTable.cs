namespace Drover.Kmod;

/// <summary>kmod's programs that drover can be.</summary>
static class ToolTable
{
    public static KmodTool[] All =>
    [
        new ModprobeTool(),
        new InsmodTool(),
        new RmmodTool(),
        new LsmodTool(),
        new ModinfoTool(),
        new DepmodTool(),
        new KmodProgram(),
    ];

    /// <summary>The tool of that name, or null.</summary>
    public static KmodTool? Find(string name) => Array.Find(All, tool => tool.Name == name);
}
