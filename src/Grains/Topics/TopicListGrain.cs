using Orleans.Concurrency;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Identity;
using OrleansIoT.History;
using OrleansIoT.Identity;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Topics;

[StatelessWorker]
public sealed class TopicListGrain(ITelemetryHistory history) : TenantGrain, ITopicListGrain
{
    public Task<TopicPage> List(string prefix, int limit, string? after)
    {
        Demand(Permissions.MayReadTelemetry, "the role viewer, operator or admin");
        return limit is >= 1 and <= ITopicListGrain.MaxLimit
            ? history.ListTopics(Key.Tenant, prefix, limit, after)
            : throw new FailureException(Failure.Invalid, $"limit is 1 to {ITopicListGrain.MaxLimit}.");
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There are no such topics.");
}
