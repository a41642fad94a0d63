using System.Xml.Linq;

namespace OrleansIoT.Architecture.Tests;

/// <summary>A project is a promise about what may be referenced.</summary>
public sealed class ReferenceTests
{
    [Theory]
    [InlineData("EmbeddedSilo", "EmbeddedSilo.Generator")]
    [InlineData("EmbeddedSilo.Generator")]
    [InlineData("Grains.Abstractions")]
    [InlineData("Certificates")]
    [InlineData("History", "Grains.Abstractions")]
    [InlineData("Grains", "Certificates", "Grains.Abstractions", "History")]
    [InlineData("DeviceEdge", "Certificates", "Grains.Abstractions")]
    [InlineData("Gateway", "Certificates", "Grains.Abstractions")]
    [InlineData("Silo", "Certificates", "Grains", "DeviceEdge", "Gateway")]
    public void A_project_references_what_it_may_and_nothing_else(string project, params string[] allowed) =>
        Assert.Equal(allowed.Order(), ReferencesOf(project).Order());

    [Fact]
    public void Every_project_of_the_product_has_its_rule_here()
    {
        var rules = typeof(ReferenceTests).GetMethod(nameof(A_project_references_what_it_may_and_nothing_else))!
            .GetCustomAttributesData().Where(data => data.AttributeType == typeof(InlineDataAttribute))
            .Select(data => (string)((IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>)data.ConstructorArguments[0].Value!)[0].Value!);
        var projects = Checkout.Files("src", "*.csproj").Select(Path.GetFileNameWithoutExtension);
        Assert.Equal(projects.Order(), rules.Order());
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = Checkout.Read("OrleansIoT.sln");
        foreach (var project in new[] { "src", "tests", "benchmarks" }.SelectMany(folder => Checkout.Files(folder, "*.csproj")))
        {
            Assert.Contains(Path.GetFileName(project), solution, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_protocol_knows_no_Orleans_no_socket_and_no_container()
    {
        string[] forbidden = ["using Orleans;", "using Microsoft.AspNetCore", "using System.Net", "using Microsoft.Extensions", "IGrain"];
        foreach (var file in Checkout.Files("src/DeviceEdge/Mqtt", "*.cs"))
        {
            var text = File.ReadAllText(file);
            Assert.All(forbidden, word => Assert.DoesNotContain(word, text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void The_grain_code_has_no_conditional_compilation()
    {
        foreach (var file in new[] { "src/Grains", "src/Grains.Abstractions", "src/Gateway", "src/DeviceEdge" }
                     .SelectMany(folder => Checkout.Files(folder, "*.cs")))
        {
            Assert.DoesNotContain(File.ReadLines(file), line => line.StartsWith("#if", StringComparison.Ordinal));
        }
    }

    /// <summary>The project's own references; the engine comes by src/GrainEngine.props and is the same for all.</summary>
    private static IEnumerable<string> ReferencesOf(string project) =>
        XDocument.Load(Path.Combine(Checkout.Root, "src", project, project + ".csproj"))
            .Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
}
