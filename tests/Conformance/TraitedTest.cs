using System.Text.RegularExpressions;

namespace OrleansIoT.Conformance;

/// <summary>A trait of a test that names a statement; the tests are read as text, so that none needs to be built for it.</summary>
/// <param name="Trait">The trait's name, which says the version.</param>
/// <param name="Id">The statement.</param>
/// <param name="Name">Class and method.</param>
public sealed partial record TraitedTest(string Trait, string Id, string Name)
{
    public static IReadOnlyList<TraitedTest> All(string root) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal).SelectMany(Of),
    ];

    private static IEnumerable<TraitedTest> Of(string file) =>
        from test in Tests().Matches(File.ReadAllText(file))
        from trait in Traits().Matches(test.Groups["attributes"].Value)
        select new TraitedTest(
            trait.Groups["name"].Value, trait.Groups["id"].Value,
            $"{Path.GetFileNameWithoutExtension(file).Split('.')[0]}.{test.Groups["method"].Value}");

    /// <summary>Lines of attributes and of comments, and the public method below them.</summary>
    [GeneratedRegex(@"(?<attributes>(?:^ +(?:\[|//).*\n)+) +public (?:static )?(?:async )?(?:void|Task|ValueTask) (?<method>\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Tests();

    [GeneratedRegex(@"\[Trait\(""(?<name>mqtt[^""]*)"", ""(?<id>[^""]*)""\)\]")]
    private static partial Regex Traits();
}
