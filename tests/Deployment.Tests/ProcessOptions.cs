using System.Collections;
using System.Text.RegularExpressions;
using OrleansIoT.Silo;

namespace OrleansIoT.Deployment.Tests;

/// <summary>Whether the executable takes what a file tells it.</summary>
internal static partial class ProcessOptions
{
    /// <summary>The folders whose options a section has: of each, what is documented is what there is.</summary>
    private static readonly HashSet<string> Documented =
    [
        .. DocumentedOption().Matches(File.ReadAllText(Path.Combine(Fixtures.Repository.Root, "docs/configuration.md")))
            .Select(match => match.Groups[1].Value.ToUpperInvariant()),
    ];

    public static void MustBeTaken(IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var variables = environment.Where(variable => variable.Key.StartsWith("IOT_", StringComparison.Ordinal)).ToList();
        CommandLine.Read([.. arguments], new Hashtable(variables.ToDictionary()));
        foreach (var (name, _) in variables.Where(variable => variable.Key.Contains("__", StringComparison.Ordinal)))
        {
            var words = name["IOT_".Length..].Split("__");
            Assert.Contains($"{words[0]}OPTIONS.{words[1]}", Documented);
        }
    }

    [GeneratedRegex(@"^\| `([A-Za-z]+Options\.[A-Za-z]+)`", RegexOptions.Multiline)]
    private static partial Regex DocumentedOption();
}
