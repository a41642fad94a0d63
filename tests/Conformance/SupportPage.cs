using System.Text;

namespace OrleansIoT.Conformance;

/// <summary>The page that says what of MQTT is there: an introduction, and every statement of both versions with its tests.</summary>
public static class SupportPage
{
    public const string File = "docs/mqtt-support.md";

    public static string Of(string root)
    {
        var tests = TraitedTest.All(root).ToLookup(test => (test.Trait, test.Id), test => test.Name);
        var page = new StringBuilder(System.IO.File.ReadAllText(Path.Combine(root, "tests/Conformance/introduction.md")));
        foreach (var specification in new[] { Specification.V311, Specification.V500 })
        {
            Append(page, specification.Version, specification.Statements(root), id => tests[(specification.Trait, id)].Distinct());
        }

        return page.ToString();
    }

    private static void Append(
        StringBuilder page, string version, IReadOnlyList<Statement> statements, Func<string, IEnumerable<string>> testsOf)
    {
        var ours = statements.Where(statement => statement.Role != Role.Client).ToList();
        var moot = ours.Count(statement => statement.Moot is not null);
        var tested = ours.Count(statement => statement.Moot is null && testsOf(statement.Id).Any());
        page.Append($"\n## MQTT {version}\n\n");
        page.Append(
            $"{ours.Count} of {statements.Count} statements concern a server: {tested} have a test, "
            + $"{ours.Count - tested - moot} have none yet, {moot} cannot come about here.\n\n");
        page.Append("| statement | in our words | tests |\n|---|---|---|\n");
        foreach (var statement in ours)
        {
            page.Append($"| {statement.Id} | {statement.Sentence} | {statement.Moot ?? Names(testsOf(statement.Id))} |\n");
        }

        page.Append("\nOf the client only:\n\n");
        foreach (var statement in statements.Where(statement => statement.Role == Role.Client))
        {
            page.Append($"- {statement.Id}: {statement.Sentence}\n");
        }
    }

    private static string Names(IEnumerable<string> tests) =>
        string.Join("<br>", tests.Select(test => $"`{test}`")) is { Length: > 0 } names ? names : "no test yet";
}
