using System.Collections.Immutable;

namespace OrleansIoT.Topics;

/// <summary>What a list of topics says of one.</summary>
/// <param name="Topic">Its name, without the tenant.</param>
/// <param name="Readings">How many readings it has; what retention has dropped is not counted.</param>
/// <param name="FirstAt">The least event time among them, or null when all have been dropped.</param>
/// <param name="LastAt">The greatest, likewise.</param>
[GenerateSerializer, Immutable, Alias("iot.TopicSummary")]
public sealed record TopicSummary(
    [property: Id(0)] string Topic,
    [property: Id(1)] long Readings,
    [property: Id(2)] DateTimeOffset? FirstAt,
    [property: Id(3)] DateTimeOffset? LastAt);

/// <param name="Topics">In ascending order of name, by its UTF-8 bytes.</param>
/// <param name="Next">The name that the next page comes after, or null at the end.</param>
[GenerateSerializer, Immutable, Alias("iot.TopicPage")]
public sealed record TopicPage(
    [property: Id(0)] ImmutableArray<TopicSummary> Topics,
    [property: Id(1)] string? Next);
