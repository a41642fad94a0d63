using System.Reflection;
using System.Text.RegularExpressions;

namespace OrleansIoT.Architecture.Tests;

/// <summary>A document that names what does not exist is worse than none.</summary>
public sealed partial class DocumentationTests
{
    public static TheoryData<string> Documents =>
    [
        "README.md", "CONTRIBUTING.md", "benchmarks/README.md",
        .. Checkout.Files("docs", "*.md").Select(file => Path.GetRelativePath(Checkout.Root, file)),
    ];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_path_that_a_document_names_exists(string document)
    {
        var text = Checkout.Read(document);
        foreach (var path in CodePaths().Matches(text).Select(match => match.Groups[1].Value))
        {
            Assert.True(Path.Exists(Path.Combine(Checkout.Root, path)), $"{document} names {path}, which does not exist.");
        }

        foreach (var link in Links().Matches(text).Select(match => match.Groups[1].Value.Split('#')[0]))
        {
            var target = Path.Combine(Checkout.Root, Path.GetDirectoryName(document)!, link);
            Assert.True(link.Length == 0 || Path.Exists(target), $"{document} links to {link}, which does not exist.");
        }
    }

    [Fact]
    public void Every_option_is_documented_with_its_name_and_nothing_else_is()
    {
        var options = Checkout.Assemblies.SelectMany(assembly => assembly.GetTypes())
            .Where(type => IsOurs(type) && type.Name.EndsWith("Options", StringComparison.Ordinal) && type.IsPublic);
        var documented = OptionRows().Matches(Checkout.Read("docs/configuration.md")).Select(match => match.Groups[1].Value)
            .Where(row => IsEmbedded || !row.StartsWith("EmbeddedSiloOptions.", StringComparison.Ordinal)).ToList();
        var existing = options.SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite).Select(property => $"{type.Name}.{property.Name}")).ToList();
        Assert.Equal(existing.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_decision_record_is_one_page_with_a_number_of_its_own()
    {
        var records = Checkout.Files("docs/adr", "*.md").Order(StringComparer.Ordinal).ToList();
        for (var i = 0; i < records.Count; i++)
        {
            Assert.StartsWith($"{i + 1:D4}-", Path.GetFileName(records[i]), StringComparison.Ordinal);
            Assert.StartsWith($"# {i + 1:D4} ", File.ReadAllText(records[i]), StringComparison.Ordinal);
            Assert.InRange(File.ReadLines(records[i]).Count(), 5, 60);
        }
    }

    [Fact]
    public void Every_attack_that_is_listed_has_its_tests_and_every_id_in_a_test_is_listed()
    {
        var attacks = Checkout.Read("docs/attacks.md");
        var sources = Checkout.Files("tests", "*.cs").Select(File.ReadAllText).ToList();
        foreach (Match test in NamedTests().Matches(attacks))
        {
            var (type, method) = (test.Groups[1].Value, test.Groups[2].Value);
            Assert.True(
                sources.Exists(source => source.Contains($" class {type}", StringComparison.Ordinal) && source.Contains($" {method}(", StringComparison.Ordinal)),
                $"docs/attacks.md names {type}.{method}, which does not exist.");
        }

        var listed = AttackRows().Matches(attacks).Select(row => row.Groups[1].Value).ToHashSet();
        var tried = sources.SelectMany(source => AttackIds().Matches(source)).Select(id => id.Value).ToHashSet();
        Assert.Subset(listed, tried);
    }

    /// <summary>The embedded engine has types of Orleans' names too.</summary>
    private static bool IsOurs(Type type) => type.Namespace?.StartsWith("OrleansIoT", StringComparison.Ordinal) == true;

    private static bool IsEmbedded =>
        Checkout.Assemblies.Any(assembly => assembly.GetName().Name == "OrleansIoT.EmbeddedSilo");

    /// <summary>`src/…`, `tests/…`, `docs/…`, `benchmarks/…` between back-ticks.</summary>
    [GeneratedRegex(@"`((?:src|tests|docs|benchmarks|deploy)/[A-Za-z0-9_./-]*)`")]
    private static partial Regex CodePaths();

    [GeneratedRegex(@"`([A-Za-z]+(?:Tests|Contract))\.(\w+)`")]
    private static partial Regex NamedTests();

    [GeneratedRegex(@"^\| ([JHS]\d\d) \|", RegexOptions.Multiline)]
    private static partial Regex AttackRows();

    /// <summary>Those of tokens, HTTP, and the cluster; MQTT's are names of tests.</summary>
    [GeneratedRegex(@"\b[JHS]\d\d\b")]
    private static partial Regex AttackIds();

    [GeneratedRegex(@"\]\((?!https?:)([^)]+)\)")]
    private static partial Regex Links();

    [GeneratedRegex(@"^\| `([A-Za-z]+Options\.[A-Za-z]+)`", RegexOptions.Multiline)]
    private static partial Regex OptionRows();
}
