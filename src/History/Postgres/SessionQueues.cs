using Npgsql;
using OrleansIoT.Sessions;

namespace OrleansIoT.History.Postgres;

/// <summary>
/// The queues of the durable sessions, inside a transaction. A session's row holds what its queue comes to, so that a
/// message costs no count of the others; bytes are those of <see cref="MessageBlob"/>.
/// </summary>
internal static class SessionQueues
{
    private const string Extend =
        """
        UPDATE session SET last = last + n.messages, queued = queued + n.messages, queued_bytes = queued_bytes + n.bytes
        FROM (
            SELECT session.id, n.* FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS n (key, messages, bytes)
            JOIN session ON session.key = n.key ORDER BY session.id) AS n
        WHERE session.id = n.id RETURNING session.key, session.id, last, queued, queued_bytes
        """;

    private const string AddMessages =
        """
        INSERT INTO queued (session, number, qos, retain, subscription_ids, message)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::boolean[], $5::text[], $6::bytea[])
        """;

    private const string Oldest =
        "SELECT number, length(message)::bigint FROM queued WHERE session = $1 AND message IS NOT NULL ORDER BY number LIMIT $2";

    private const string Drop = "DELETE FROM queued WHERE session = $1 AND number <= $2 AND message IS NOT NULL";

    private const string CountDropped =
        "UPDATE session SET dropped = dropped + $2, queued = queued - $2, queued_bytes = queued_bytes - $3 WHERE id = $1";

    // The session's row first: whoever writes to a queue holds it, so that no two wait for each other's messages.
    private const string LockSession = "SELECT id FROM session WHERE key = $1 FOR NO KEY UPDATE";

    private const string Settled =
        """
        WITH settled AS (
            SELECT n.number, bool_or(n.is_complete) AS is_complete
            FROM unnest($2::bigint[], $3::boolean[]) AS n (number, is_complete) GROUP BY n.number
        ), weighed AS (
            SELECT queued.number, settled.is_complete, coalesce(length(queued.message), 0) AS bytes
            FROM settled JOIN queued ON queued.session = $1 AND queued.number = settled.number
        ), removed AS (
            DELETE FROM queued USING weighed
            WHERE queued.session = $1 AND queued.number = weighed.number AND weighed.is_complete
        ), released AS (
            UPDATE queued SET message = NULL FROM weighed
            WHERE queued.session = $1 AND queued.number = weighed.number AND NOT weighed.is_complete AND queued.message IS NOT NULL
        )
        UPDATE session SET
            queued = queued - (SELECT count(*) FROM weighed WHERE is_complete),
            queued_bytes = queued_bytes - (SELECT coalesce(sum(bytes), 0) FROM weighed)
        WHERE id = $1
        """;

    private const string Page =
        """
        SELECT number, qos, retain, subscription_ids, message FROM queued
        WHERE session = (SELECT id FROM session WHERE key = $1) AND number > $2
        ORDER BY number LIMIT $3
        """;

    // Whoever breaks off reads no more than these to the end.
    private const int PageOfRows = 100;

    /// <summary>Puts messages at the ends of queues, under consecutive numbers, and drops what is then too much.</summary>
    /// <returns>The number of each; 0 when there is no such session.</returns>
    public static long[] Add(
        NpgsqlConnection connection, HistoryOptions bounds, IReadOnlyList<(string Session, QueueEntry Entry)> entries)
    {
        var queues = new SortedDictionary<string, Queue>(StringComparer.Ordinal);
        foreach (var (session, entry) in entries)
        {
            if (!queues.TryGetValue(session, out var queue))
            {
                queues.Add(session, queue = new Queue());
            }

            queue.Messages++;
            queue.Bytes += entry.Message.Length;
        }

        foreach (var (key, id, last, messages, bytes) in connection.All(
            row => (row.Text(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4)),
            Extend,
            queues.Keys.ToArray(),
            queues.Values.Select(queue => queue.Messages).ToArray(),
            queues.Values.Select(queue => queue.Bytes).ToArray()))
        {
            var queue = queues[key];
            (queue.Id, queue.Last) = (id, last - queue.Messages);
            (queue.AllMessages, queue.AllBytes) = (messages, bytes);
        }

        var numbers = Number(entries, queues);
        var added = Enumerable.Range(0, entries.Count).Where(i => numbers[i] > 0).ToArray();
        if (added.Length == 0)
        {
            return numbers;
        }

        connection.Run(
            AddMessages,
            Array.ConvertAll(added, i => queues[entries[i].Session].Id),
            Array.ConvertAll(added, i => numbers[i]),
            Array.ConvertAll(added, i => (int)entries[i].Entry.Qos),
            Array.ConvertAll(added, i => entries[i].Entry.Retain),
            Array.ConvertAll(added, i => entries[i].Entry.SubscriptionIds),
            Array.ConvertAll(added, i => entries[i].Entry.Message));
        foreach (var queue in queues.Values)
        {
            if (queue.AllMessages > bounds.SessionQueueMessages || queue.AllBytes > bounds.SessionQueueBytes)
            {
                DropOldest(connection, bounds, queue);
            }
        }

        return numbers;
    }

    /// <summary>Takes messages out of a queue, or their contents when they wait for PUBCOMP.</summary>
    public static void Settle(NpgsqlConnection connection, string session, IReadOnlyList<Settlement> settlements)
    {
        if (connection.All(row => row.GetInt64(0), LockSession, session) is [var id])
        {
            connection.Run(
                Settled,
                id,
                settlements.Select(settlement => settlement.Number).ToArray(),
                settlements.Select(settlement => settlement.IsComplete).ToArray());
        }
    }

    public static IReadOnlyList<QueuedMessage> Read(NpgsqlConnection connection, string session, long after, int count, int bytes)
    {
        var page = new List<QueuedMessage>();
        long size = 0;
        foreach (var rows in connection.Cursor(PageOfRows, Page, session, after, (long)count))
        {
            var message = rows.IsDBNull(4) ? [] : rows.Bytes(4);
            size += message.Length;
            if (page.Count > 0 && size > bytes)
            {
                break;
            }

            page.Add(new QueuedMessage(
                rows.GetInt64(0),
                message.Length == 0 ? null : MessageBlob.Read(message),
                (Qos)rows.GetInt32(1),
                rows.GetBoolean(2),
                QueueEntry.ParseSubscriptionIds(rows.GetString(3))));
        }

        return page;
    }

    private static long[] Number(
        IReadOnlyList<(string Session, QueueEntry Entry)> entries, SortedDictionary<string, Queue> queues)
    {
        var numbers = new long[entries.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            var queue = queues[entries[i].Session];
            numbers[i] = queue.Id == 0 ? 0 : ++queue.Last;
        }

        return numbers;
    }

    /// <summary>Keeps the bounds. What is released stays: its sender may not forget it [MQTT-4.3.3-5].</summary>
    private static void DropOldest(NpgsqlConnection connection, HistoryOptions bounds, Queue queue)
    {
        long dropped = 0, droppedBytes = 0, upTo = 0;
        foreach (var (number, length) in connection.All(
            row => (row.GetInt64(0), row.GetInt64(1)), Oldest, queue.Id, queue.AllMessages))
        {
            if (queue.AllMessages - dropped <= bounds.SessionQueueMessages && queue.AllBytes - droppedBytes <= bounds.SessionQueueBytes)
            {
                break;
            }

            dropped++;
            droppedBytes += length;
            upTo = number;
        }

        if (dropped > 0)
        {
            connection.Run(Drop, queue.Id, upTo);
            connection.Run(CountDropped, queue.Id, dropped, droppedBytes);
        }
    }

    private sealed class Queue
    {
        public long Id { get; set; }

        /// <summary>The number that was given last.</summary>
        public long Last { get; set; }

        /// <summary>How many are added.</summary>
        public long Messages { get; set; }

        public long Bytes { get; set; }

        /// <summary>How many there are then.</summary>
        public long AllMessages { get; set; }

        public long AllBytes { get; set; }
    }
}
