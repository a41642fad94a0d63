using System.Collections.Immutable;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Postgres;

internal sealed partial class PostgresSessionStore
{
    // About what a settlement weighs.
    private const int SettlementBytes = 16;

    public async Task<long> Enqueue(
        string session, IReadOnlyList<(TelemetryMessage Message, Qos Qos, ImmutableArray<uint> SubscriptionIds)> retained)
    {
        ArgumentOutOfRangeException.ThrowIfZero(retained.Count);

        // At a subscription the RETAIN flag is set [MQTT-3.3.1-8].
        var entries = retained
            .Select(r => QueueEntry.Of(MessageBlob.Write(r.Message), r.Qos, retain: true, r.SubscriptionIds)).ToList();
        long last = 0;
        await database.Commit(
            entries.Sum(entry => entry.Size),
            connection =>
            {
                last = SessionQueues.Add(connection, bounds.Value, [.. entries.Select(entry => (session, entry))])[^1];
            },
            session);
        return last;
    }

    public Task Settle(string session, IReadOnlyList<Settlement> settlements) =>
        database.Commit(
            settlements.Count * SettlementBytes, connection => SessionQueues.Settle(connection, session, settlements), session);

    public Task<IReadOnlyList<QueuedMessage>> ReadQueue(
        string session, long after, int count, int bytes, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return database.Read(
            connection => SessionQueues.Read(connection, session, after, count, bytes), cancellation);
    }
}
