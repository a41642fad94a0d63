using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace OrleansIoT.Gateway.Telemetry;

/// <summary>What a range is answered as; of equally welcome ones the first.</summary>
internal enum AnswerFormat
{
    /// <summary>A page.</summary>
    Json,

    /// <summary>All of it, a record a line (RFC 4180).</summary>
    Csv,

    /// <summary>All of it, a JSON object a line.</summary>
    NdJson,
}

internal static class AnswerFormats
{
    public const string All = $"{Json}, {Csv} or {NdJson}";

    public const string Csv = "text/csv";
    public const string NdJson = "application/x-ndjson";
    private const string Json = "application/json";

    /// <summary>
    /// The format that the client likes best (RFC 9110 section 12.5.1): by its quality, then by how exactly it is named, then
    /// by our order. So a browser, which takes anything, gets JSON. Accept that cannot be read counts as none.
    /// </summary>
    /// <returns>Null when the client takes none of them.</returns>
    public static AnswerFormat? Asked(HttpRequest request)
    {
        if (request.Headers.Accept.Count == 0
            || !MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var ranges)
            || ranges.Count == 0)
        {
            return AnswerFormat.Json;
        }

        AnswerFormat? best = null;
        var liking = (Quality: 0.0, Exactness: 0);
        foreach (var (format, name) in new[] { (AnswerFormat.Json, Json), (AnswerFormat.Csv, Csv), (AnswerFormat.NdJson, NdJson) })
        {
            // The most exact range that matches decides, also when it says no.
            var match = ranges.Select(range => (Quality: range.Quality ?? 1, Exactness: Exactness(range, name)))
                .Where(range => range.Exactness > 0).OrderByDescending(range => range.Exactness).FirstOrDefault();
            if (match.Quality > 0 && match.CompareTo(liking) > 0)
            {
                (best, liking) = (format, match);
            }
        }

        return best;
    }

    private static int Exactness(MediaTypeHeaderValue range, string name) =>
        range.MediaType.Equals(name, StringComparison.OrdinalIgnoreCase) ? 3
        : range.MatchesAllTypes ? 1
        : range.MatchesAllSubTypes && name.AsSpan().StartsWith(range.Type.AsSpan(), StringComparison.OrdinalIgnoreCase)
            && name[range.Type.Length] == '/' ? 2
        : 0;
}
