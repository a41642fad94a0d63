using Microsoft.Extensions.Options;
using OrleansIoT.Sessions;

namespace OrleansIoT.History.Sqlite;

/// <summary>
/// The queues of the durable sessions, on a connection and inside its transaction. A session's row holds what its queue
/// comes to, so that a message costs no count of the others; bytes are those of <see cref="MessageBlob"/>.
/// </summary>
internal sealed class SessionQueues(IOptions<HistoryOptions> bounds)
{
    private const string Extend =
        """
        UPDATE session SET last = last + ?2, queued = queued + ?2, queued_bytes = queued_bytes + ?3
        WHERE key = ?1 RETURNING id, last, queued, queued_bytes
        """;

    private const string AddMessage =
        "INSERT INTO queued (session, number, qos, retain, subscription_ids, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

    private const string Oldest =
        "SELECT number, length(message) FROM queued WHERE session = ?1 AND message IS NOT NULL ORDER BY number";

    private const string Drop = "DELETE FROM queued WHERE session = ?1 AND number <= ?2 AND message IS NOT NULL";

    private const string CountDropped =
        """
        UPDATE session SET dropped = dropped + ?2, queued = queued - ?2, queued_bytes = queued_bytes - ?3
        WHERE id = ?1
        """;

    private const string SessionId = "SELECT id FROM session WHERE key = ?1";

    private const string Weight =
        "SELECT coalesce(length(message), 0) FROM queued WHERE session = ?1 AND number = ?2";

    private const string Remove = "DELETE FROM queued WHERE session = ?1 AND number = ?2";

    private const string Release = "UPDATE queued SET message = NULL WHERE session = ?1 AND number = ?2";

    private const string CountSettled =
        "UPDATE session SET queued = queued - ?2, queued_bytes = queued_bytes - ?3 WHERE id = ?1";

    private const string Page =
        """
        SELECT number, qos, retain, subscription_ids, message FROM queued
        WHERE session = (SELECT id FROM session WHERE key = ?1) AND number > ?2
        ORDER BY number LIMIT ?3
        """;

    /// <summary>Puts messages at the end of a queue, under consecutive numbers, and drops what is then too much.</summary>
    /// <param name="connection">In a transaction.</param>
    /// <param name="session">The session's key.</param>
    /// <param name="entries">At least one.</param>
    /// <returns>The number of the last one; 0 when there is no such session.</returns>
    public long Add(Connection connection, string session, IReadOnlyList<QueueEntry> entries)
    {
        using var extend = connection.Prepare(Extend)
            .Bind(1, session).Bind(2, entries.Count).Bind(3, entries.Sum(entry => (long)entry.Message.Length));
        if (!extend.Step())
        {
            return 0;
        }

        var (id, last) = (extend.Int64(0), extend.Int64(1));
        var add = connection.Prepare(AddMessage).Bind(1, id);
        for (var i = 0; i < entries.Count; i++)
        {
            add.Bind(2, last - entries.Count + i + 1)
                .Bind(3, (long)entries[i].Qos)
                .Bind(4, entries[i].Retain)
                .Bind(5, entries[i].SubscriptionIds)
                .Bind(6, entries[i].Message)
                .Run();
        }

        DropOldest(connection, id, extend.Int64(2), extend.Int64(3));
        return last;
    }

    /// <summary>Takes messages out of a queue, or their contents when they wait for PUBCOMP.</summary>
    public static void Settle(Connection connection, string session, IReadOnlyList<Settlement> settlements)
    {
        using var row = connection.Prepare(SessionId).Bind(1, session);
        if (!row.Step())
        {
            return;
        }

        var id = row.Int64(0);
        long removed = 0, bytes = 0;
        foreach (var (number, isComplete) in settlements)
        {
            using var weight = connection.Prepare(Weight).Bind(1, id).Bind(2, number);
            if (weight.Step())
            {
                bytes += weight.Int64(0);
                removed += isComplete ? 1 : 0;
                connection.Prepare(isComplete ? Remove : Release).Bind(1, id).Bind(2, number).Run();
            }
        }

        connection.Prepare(CountSettled).Bind(1, id).Bind(2, removed).Bind(3, bytes).Run();
    }

    public static IReadOnlyList<QueuedMessage> Read(Connection connection, string session, long after, int count, int bytes)
    {
        using var rows = connection.Prepare(Page).Bind(1, session).Bind(2, after).Bind(3, count);
        var page = new List<QueuedMessage>();
        for (long size = 0; rows.Step();)
        {
            var message = rows.Blob(4);
            size += message.Length;
            if (page.Count > 0 && size > bytes)
            {
                break;
            }

            page.Add(new QueuedMessage(
                rows.Int64(0),
                message.IsEmpty ? null : MessageBlob.Read(message),
                (Qos)rows.Int64(1),
                rows.Bool(2),
                QueueEntry.ParseSubscriptionIds(rows.Text(3))));
        }

        return page;
    }

    /// <summary>Keeps the bounds. What is released stays: its sender may not forget it [MQTT-4.3.3-5].</summary>
    private void DropOldest(Connection connection, long session, long messages, long bytes)
    {
        long dropped = 0, droppedBytes = 0, upTo = 0;
        if (messages > bounds.Value.SessionQueueMessages || bytes > bounds.Value.SessionQueueBytes)
        {
            using var oldest = connection.Prepare(Oldest).Bind(1, session);
            while ((messages - dropped > bounds.Value.SessionQueueMessages || bytes - droppedBytes > bounds.Value.SessionQueueBytes)
                   && oldest.Step())
            {
                dropped++;
                droppedBytes += oldest.Int64(1);
                upTo = oldest.Int64(0);
            }
        }

        if (dropped > 0)
        {
            connection.Prepare(Drop).Bind(1, session).Bind(2, upTo).Run();
            connection.Prepare(CountDropped).Bind(1, session).Bind(2, dropped).Bind(3, droppedBytes).Run();
        }
    }
}
