using System.Text.Json.Nodes;

namespace OrleansIoT.Deployment.Tests;

/// <summary>What whoever defines a kind of file says about one.</summary>
/// <param name="Documents">What the file says, with all that refers to something in its place.</param>
/// <param name="Errors">What it may not say.</param>
internal sealed record SchemaCheck(IReadOnlyList<JsonNode> Documents, IReadOnlyList<string> Errors)
{
    /// <param name="kind"><c>compose</c> or <c>kubernetes</c>.</param>
    /// <param name="file">Below the checkout.</param>
    public static async Task<SchemaCheck> Of(string kind, string file)
    {
        var result = (await Command.Run("node", "tests/Deployment.Tests/Schemas/check.mjs", kind, file)).Succeeded();
        var json = JsonNode.Parse(result.Output)!;
        return new SchemaCheck(
            [.. json["documents"]!.AsArray().Select(document => document!.DeepClone())],
            [.. json["errors"]!.AsArray().Select(error => (string)error!)]);
    }
}
