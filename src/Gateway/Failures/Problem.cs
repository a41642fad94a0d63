using System.Text.Json.Serialization;

namespace OrleansIoT.Gateway.Failures;

/// <summary>The body of every refusal: a problem as RFC 9457 describes it.</summary>
/// <param name="Type">A URN that never changes, <c>urn:orleans-iot:failure:…</c>, or <c>about:blank</c> where the status says all.</param>
/// <param name="Title">The kind of problem in a few words, the same for each of its kind.</param>
/// <param name="Status">The HTTP status code.</param>
/// <param name="Detail">What was wrong this time and what would be right.</param>
/// <param name="Failure">The code for programs: invalid, not_signed_in, forbidden, not_found, conflict, too_large, too_many or unavailable.</param>
internal sealed record Problem(
    string Type,
    string Title,
    int Status,
    string Detail,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Failure)
{
    public const string MediaType = "application/problem+json";
}
