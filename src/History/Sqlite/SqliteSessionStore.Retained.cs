using System.Collections.Immutable;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.History.Sqlite;

internal sealed partial class SqliteSessionStore
{
    private const string TopicsBetween =
        "SELECT id, topic FROM retained WHERE topic >= ?1 AND topic < ?2 ORDER BY topic LIMIT ?3";

    private const string RetainedMessage =
        "SELECT message FROM retained WHERE id = ?1 AND (expires_at IS NULL OR expires_at > ?2)";

    private const string TopicsOf = "SELECT topic FROM retained WHERE publisher = ?1 ORDER BY topic LIMIT ?2";

    // How many topics one page looks at, some milliseconds: a filter that few of them match has more pages instead.
    private const int LookedAt = 10_000;

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
                using var topics = connection.Prepare(TopicsBetween)
                    .Bind(1, start).Bind(2, end is null ? tenant + '0' : $"{tenant}/{end}").Bind(3, LookedAt);
                var page = ImmutableArray.CreateBuilder<TelemetryMessage>();
                long size = 0;
                var last = from;
                var looked = 0;
                for (; topics.Step(); looked++)
                {
                    var topic = topics.Text(1)[(tenant.Length + 1)..];
                    if (TopicFilter.Matches(filter, topic))
                    {
                        using var row = connection.Prepare(RetainedMessage).Bind(1, topics.Int64(0)).Bind(2, now);
                        if (row.Step())
                        {
                            var message = row.Blob(0);
                            size += message.Length;
                            if (page.Count == count || (page.Count > 0 && size > bytes))
                            {
                                return new RetainedPage(page.ToImmutable(), last);
                            }

                            page.Add(MessageBlob.Read(message));
                        }
                    }

                    last = topic;
                }

                return new RetainedPage(page.ToImmutable(), looked == LookedAt ? last : null);
            },
            cancellation);
    }

    public Task<IReadOnlyList<string>> ReadRetainedTopics(
        string publisher, int limit, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<string>>(
            connection =>
            {
                using var rows = connection.Prepare(TopicsOf).Bind(1, publisher).Bind(2, limit);
                return [.. All(rows, row => GrainKey.Parse(row.Text(0)).Name)];
            },
            cancellation);
}
