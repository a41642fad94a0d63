using System.Collections.Immutable;
using System.Text;
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
    /// <summary>How many pages a single list reads of what is not granted, before it answers with what it has.</summary>
    private const int MaxReads = 20;

    public Task<TopicPage> List(string prefix, int limit, string? after)
    {
        var caller = Demand(Permissions.MayReadTelemetry, "the role viewer, operator or admin");
        return limit is not (>= 1 and <= ITopicListGrain.MaxLimit)
            ? throw new FailureException(Failure.Invalid, $"limit is 1 to {ITopicListGrain.MaxLimit}.")
            : caller.Grants.IsDefaultOrEmpty
                ? history.ListTopics(Key.Tenant, prefix, limit, after)
                : ListGranted(caller.Grants, prefix, limit, after);
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There are no such topics.");

    /// <summary>
    /// Reads the ranges of names in which grants can match, and no others: who is narrowed to one device among a million
    /// waits for that one's topics only.
    /// </summary>
    private async Task<TopicPage> ListGranted(ImmutableArray<string> grants, string prefix, int limit, string? after)
    {
        var topics = ImmutableArray.CreateBuilder<TopicSummary>();
        var reads = 0;
        foreach (var range in Ranges(grants, prefix))
        {
            var next = after;
            do
            {
                var page = await history.ListTopics(Key.Tenant, range, limit, next);
                foreach (var topic in page.Topics.Where(topic => TopicGrants.Allow(grants, topic.Topic)))
                {
                    if (topics.Count == limit)
                    {
                        return new TopicPage(topics.ToImmutable(), topics[^1].Topic);
                    }

                    topics.Add(topic);
                }

                next = page.Next;
                if (next is not null && ++reads >= MaxReads)
                {
                    return new TopicPage(topics.ToImmutable(), next);
                }
            }
            while (next is not null);
        }

        return new TopicPage(topics.ToImmutable(), null);
    }

    /// <summary>Beginnings of names, in the store's order, none of them the beginning of another.</summary>
    private static List<string> Ranges(ImmutableArray<string> grants, string prefix)
    {
        var ranges = new List<string>();
        var beginnings = TopicGrants.Positives(grants).Select(Beginning)
            .Select(beginning => beginning.StartsWith(prefix, StringComparison.Ordinal) ? beginning
                : prefix.StartsWith(beginning, StringComparison.Ordinal) ? prefix : null)
            .OfType<string>()
            .OrderBy(beginning => beginning, Utf8Order.Instance);
        foreach (var beginning in beginnings)
        {
            if (ranges.Count == 0 || !beginning.StartsWith(ranges[^1], StringComparison.Ordinal))
            {
                ranges.Add(beginning);
            }
        }

        return ranges;
    }

    /// <summary>What every topic begins with that the filter matches; <c>a/#</c> matches <c>a</c> too.</summary>
    private static string Beginning(string filter)
    {
        var wildcard = filter.AsSpan().IndexOfAny('+', '#');
        return wildcard < 0 ? filter
            : filter[wildcard] == '#' && wildcard > 0 ? filter[..(wildcard - 1)]
            : filter[..wildcard];
    }

    /// <summary>The order of names in the store; that of UTF-16 is another one.</summary>
    private sealed class Utf8Order : IComparer<string>
    {
        public static readonly Utf8Order Instance = new();

        public int Compare(string? x, string? y) =>
            Encoding.UTF8.GetBytes(x ?? "").AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y ?? ""));
    }
}
