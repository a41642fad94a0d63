using System.Collections.Immutable;
using OrleansIoT.Topics;

namespace OrleansIoT.History.Sqlite;

internal sealed partial class SqliteTelemetryHistory
{
    private const string TopicNames = "SELECT name FROM topic WHERE name >= ?1 AND name > ?2 ORDER BY name LIMIT ?3";

    public async Task<TopicPage> ListTopics(
        string tenant, string prefix, int limit, string? after, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);

        // Names first: what the log has of them is to be looked at before the snapshot that their rows are read from.
        var names = await database.Read(connection => Names(connection, $"{tenant}/{prefix}", $"{tenant}/{after}", limit), cancellation);
        var topics = await database.Read(connection => Summaries(connection, names.Take(limit), tenant.Length + 1), cancellation);
        return new TopicPage(topics, names.Count > limit ? names[limit - 1][(tenant.Length + 1)..] : null);
    }

    private static List<string> Names(Connection connection, string prefix, string after, int limit)
    {
        var names = new List<string>();
        using var rows = connection.Prepare(TopicNames).Bind(1, prefix).Bind(2, after).Bind(3, limit + 1L);
        while (rows.Step() && rows.Text(0) is var name && name.StartsWith(prefix, StringComparison.Ordinal))
        {
            names.Add(name);
        }

        return names;
    }

    private ImmutableArray<TopicSummary> Summaries(Connection connection, IEnumerable<string> names, int tenantLength)
    {
        var views = names.Select(name => (name, _log.Topic(name)?.View())).ToList();
        var topics = ImmutableArray.CreateBuilder<TopicSummary>(views.Count);
        foreach (var (name, view) in views)
        {
            var reader = new TopicReader(connection, name, view);
            var (first, last) = (reader.Row?.FirstAt ?? long.MaxValue, reader.Row?.Latest?.At ?? long.MinValue);
            foreach (var pending in reader.Pending)
            {
                (first, last) = (Math.Min(first, pending.At), Math.Max(last, pending.At));
            }

            var readings = (reader.Row?.Readings ?? 0) + reader.Pending.Length;
            topics.Add(new TopicSummary(
                name[tenantLength..],
                readings,
                readings == 0 ? null : new DateTimeOffset(first, TimeSpan.Zero),
                readings == 0 ? null : new DateTimeOffset(last, TimeSpan.Zero)));
        }

        return topics.DrainToImmutable();
    }
}
