using System.Text.RegularExpressions;
using OrleansIoT.Conformance;

namespace OrleansIoT.Architecture.Tests;

/// <summary>What we say of MQTT is what the tests show, by the names that the specifications have for it.</summary>
public sealed partial class ConformanceTests
{
    [Fact]
    public void The_page_about_MQTT_is_what_the_traits_of_the_tests_make_it() =>
        Assert.True(
            SupportPage.Of(Checkout.Root) == Checkout.Read(SupportPage.File),
            $"{SupportPage.File} is not what it is made of: ./dev fmt writes it.");

    [Fact]
    public void Every_trait_names_a_statement_of_its_version()
    {
        var known = new[] { Specification.V311, Specification.V500 }
            .SelectMany(version => version.Statements(Checkout.Root).Select(statement => (version.Trait, statement.Id))).ToHashSet();

        Assert.All(TraitedTest.All(Checkout.Root), test =>
            Assert.True(known.Contains((test.Trait, test.Id)), $"{test.Name} names {test.Id}, which {test.Trait} does not have."));
    }

    [Fact]
    public void Every_trait_about_MQTT_is_found_by_the_one_who_writes_the_page()
    {
        var written = Checkout.Files("tests", "*.cs").Sum(file => AnyTrait().Count(File.ReadAllText(file)));

        Assert.Equal(written, TraitedTest.All(Checkout.Root).Count);
    }

    [Fact]
    public void Every_statement_that_the_code_refers_to_exists()
    {
        var known = new[] { Specification.V311, Specification.V500 }
            .SelectMany(version => version.Statements(Checkout.Root)).Select(statement => statement.Id).ToHashSet();

        Assert.All(Checkout.Files("src", "*.cs"), file =>
            Assert.All(Reference().Matches(File.ReadAllText(file)), match => Assert.Contains(match.Value, known)));
    }

    [Fact]
    public void No_statement_is_listed_twice()
    {
        foreach (var version in new[] { Specification.V311, Specification.V500 })
        {
            var ids = version.Statements(Checkout.Root).Select(statement => statement.Id).ToList();
            Assert.Equal(ids.Distinct(), ids);
        }
    }

    [GeneratedRegex(@"^ *\[Trait\(""mqtt", RegexOptions.Multiline)]
    private static partial Regex AnyTrait();

    [GeneratedRegex(@"MQTT-\d+[.-]\d+\.\d+-\d+")]
    private static partial Regex Reference();
}
