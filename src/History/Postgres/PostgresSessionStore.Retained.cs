using System.Collections.Immutable;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.History.Postgres;

internal sealed partial class PostgresSessionStore
{
    // Without the message where it is expired; large ones are outside their rows and read only when they are asked for.
    private const string TopicsBetween =
        """
        SELECT topic, expires_at IS NULL OR expires_at > $3 FROM retained
        WHERE topic >= $1 AND topic < $2 ORDER BY topic LIMIT $4
        """;

    private const string RetainedMessages = "SELECT topic, message FROM retained WHERE topic = ANY ($1) ORDER BY topic";

    private const string TopicsOf = "SELECT topic FROM retained WHERE publisher = $1 ORDER BY topic LIMIT $2";

    // How many topics one page looks at, some milliseconds: a filter that few of them match has more pages instead.
    private const long LookedAt = 10_000;

    // Whoever breaks off reads no more than these to the end.
    private const int MessagesAFetch = 100;

    public Task<RetainedPage> ReadRetained(
        string tenant, string filter, string? from, int count, int bytes, DateTimeOffset now,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var (first, end) = RetainedRange.Of(filter);

        // Nothing is between a string and the one with U+0000 behind it.
        var start = new GrainKey(tenant, from is null ? first : from + '\0').ToString();
        return database.Read(
            connection =>
            {
                var topics = connection.All(
                    row => (Name: row.Text(0)[(tenant.Length + 1)..], IsCurrent: row.GetBoolean(1)), TopicsBetween,
                    start, end is null ? tenant + '0' : $"{tenant}/{end}", now, LookedAt);
                var matching = topics
                    .Where(topic => topic.IsCurrent && TopicFilter.Matches(filter, topic.Name))
                    .Select(topic => $"{tenant}/{topic.Name}").Take(count + 1).ToArray();
                var page = ImmutableArray.CreateBuilder<TelemetryMessage>();
                long size = 0;
                var last = from;
                foreach (var row in connection.Cursor(MessagesAFetch, RetainedMessages, [matching]))
                {
                    var message = row.Bytes(1);
                    size += message.Length;
                    if (page.Count == count || (page.Count > 0 && size > bytes))
                    {
                        return new RetainedPage(page.ToImmutable(), last);
                    }

                    page.Add(MessageBlob.Read(message));
                    last = page[^1].Topic;
                }

                return new RetainedPage(page.ToImmutable(), topics.Count == LookedAt ? topics[^1].Name : null);
            },
            cancellation);
    }

    public Task<IReadOnlyList<string>> ReadRetainedTopics(
        string publisher, int limit, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<string>>(
            connection => connection.All(row => GrainKey.Parse(row.Text(0)).Name, TopicsOf, publisher, (long)limit),
            cancellation);
}
