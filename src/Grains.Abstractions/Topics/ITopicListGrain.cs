using OrleansIoT.Identity;

namespace OrleansIoT.Topics;

/// <summary>
/// The topics of a tenant that have, or have had, readings, keyed by <c>{tenant}/topics</c>. It answers out of the store
/// and holds no names itself.
/// </summary>
[Alias("iot.ITopicListGrain")]
public interface ITopicListGrain : IGrainWithStringKey
{
    const int MaxLimit = 1_000;

    /// <param name="prefix">The beginning of the names, which need not end a level; empty for all.</param>
    /// <param name="limit">1 to <see cref="MaxLimit"/>.</param>
    /// <param name="after">The <see cref="TopicPage.Next"/> of the page before, or null.</param>
    /// <exception cref="Failures.FailureException">Invalid: the limit is senseless. Forbidden: the caller may not read telemetry.</exception>
    [Alias("List")]
    Task<TopicPage> List(string prefix, int limit, string? after);
}

public static class TopicListGrains
{
    public static ITopicListGrain Topics(this IGrainFactory grains, string tenant) =>
        grains.GetGrain<ITopicListGrain>(new GrainKey(tenant, "topics").ToString());
}
