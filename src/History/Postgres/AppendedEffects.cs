using Npgsql;

namespace OrleansIoT.History.Postgres;

/// <summary>
/// What becomes durable with the appends of a group besides their readings. It is gathered and written together: queues and
/// packet identifiers before anything else touches a session, retained messages at the end of the group.
/// </summary>
internal sealed class AppendedEffects(NpgsqlConnection connection, HistoryOptions bounds)
{
    private const string AddReceived =
        """
        INSERT INTO received (session, packet_id)
        SELECT session.id, n.packet_id FROM unnest($1::text[], $2::integer[]) AS n (key, packet_id)
        JOIN session ON session.key = n.key
        ON CONFLICT DO NOTHING
        """;

    private const string PutRetained =
        """
        INSERT INTO retained (topic, publisher, expires_at, message)
        SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[]) AS n (topic, publisher, expires_at, message)
        ORDER BY topic COLLATE "C"
        ON CONFLICT (topic) DO UPDATE
        SET publisher = excluded.publisher, expires_at = excluded.expires_at, message = excluded.message
        """;

    private const string RemoveRetained = "DELETE FROM retained WHERE topic = ANY ($1)";

    private readonly List<(TelemetryAppend Append, int Index)> _queued = [];
    private readonly List<(string Session, int PacketId)> _received = [];
    private readonly SortedDictionary<string, RetainedChange> _retained = new(StringComparer.Ordinal);

    public void Add(TelemetryAppend append)
    {
        for (var i = 0; i < append.Queued.Count; i++)
        {
            _queued.Add((append, i));
        }

        foreach (var packetId in append.Received.PacketIds)
        {
            _received.Add((append.Received.Session, packetId));
        }

        if (append.Retained is { } retained)
        {
            _retained[retained.Topic] = retained;
        }
    }

    /// <summary>Before a statement that may be about the same sessions.</summary>
    public void WriteSessions()
    {
        if (_queued.Count > 0)
        {
            var numbers = SessionQueues.Add(
                connection, bounds, [.. _queued.Select(queued => queued.Append.Queued[queued.Index])]);
            for (var i = 0; i < numbers.Length; i++)
            {
                _queued[i].Append.GotNumber(_queued[i].Index, numbers[i]);
            }

            _queued.Clear();
        }

        if (_received.Count > 0)
        {
            connection.Run(
                AddReceived, _received.Select(id => id.Session).ToArray(), _received.Select(id => id.PacketId).ToArray());
            _received.Clear();
        }
    }

    public void WriteRetained()
    {
        var removed = _retained.Values.Where(change => change.Message.Length == 0).Select(change => change.Topic).ToArray();
        if (removed.Length > 0)
        {
            connection.Run(RemoveRetained, (object)removed);
        }

        var put = _retained.Values.Where(change => change.Message.Length > 0).ToArray();
        if (put.Length > 0)
        {
            connection.Run(
                PutRetained,
                Array.ConvertAll(put, change => change.Topic),
                Array.ConvertAll(put, change => change.Publisher),
                Array.ConvertAll(put, change => change.ExpiresAt?.UtcTicks),
                Array.ConvertAll(put, change => change.Message));
        }
    }
}
