using System.Reflection;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Architecture.Tests;

/// <summary>The checkout that these tests were built from, and the assemblies that were built from it.</summary>
internal static class Checkout
{
    public static string Root => Repository.Root;

    /// <summary>The executable's, and those of ours that it is made of; which engine is among them depends on the build.</summary>
    public static IReadOnlyList<Assembly> Assemblies { get; } =
    [
        typeof(Silo.SiloHost).Assembly,
        .. Directory.EnumerateFiles(AppContext.BaseDirectory, "OrleansIoT.*.dll").Select(Path.GetFileNameWithoutExtension)
            .Where(name => name != "OrleansIoT.Silo" && Directory.Exists(Path.Combine(Root, "src", name!["OrleansIoT.".Length..])))
            .Select(name => Assembly.Load(name!)),
    ];

    public static IEnumerable<string> Files(string folder, string pattern) => Directory
        .EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
        .Where(file => !file.Contains("/node_modules/", StringComparison.Ordinal));

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));
}
