namespace Drover.Fuzz;

/// <summary>Chooses the inputs to keep.</summary>
static class Minimise
{
    /// <summary>Copies files of <paramref name="from"/>, the shortest first, each that takes a branch which none before
    /// it took; under a name made of their contents. Inputs that are faults are left out, and named.</summary>
    /// <returns>1 if there are faults.</returns>
    public static int Run(FuzzTarget target, string from, string to)
    {
        var taken = new bool[Instrumentation.MapBytes];
        var (faults, all) = (0, Directory.GetFiles(from).OrderBy(file => new FileInfo(file).Length).ToArray());
        // what a type does on its first use belongs to no input
        foreach (var file in all.Take(1))
            Try(target, file);
        foreach (var file in all)
        {
            var (fault, branches) = (Try(target, file), Instrumentation.Branches());
            if (fault is not null)
                Console.WriteLine($"{file}: {fault}");
            faults += fault is null ? 0 : 1;
            if (fault is not null || branches.All(branch => taken[branch]))
                continue;
            foreach (var branch in branches)
                taken[branch] = true;
            var name = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)));
            File.Copy(file, $"{to}/{name[..12]}", overwrite: true);
        }
        Console.WriteLine($"{Directory.GetFiles(to).Length} of {all.Length} inputs, {taken.Count(it => it)} branches");
        return faults > 0 ? 1 : 0;
    }

    static Exception? Try(FuzzTarget target, string file)
    {
        Instrumentation.Clear();
        try
        {
            target.Run(File.ReadAllBytes(file));
            return null;
        }
        catch (Exception fault)
        {
            return fault;
        }
    }
}
