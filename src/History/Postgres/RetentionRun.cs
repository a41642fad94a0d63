using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansIoT.Failures;

namespace OrleansIoT.History.Postgres;

/// <summary>
/// Takes away what the rules do not keep, of whole days when it is too old: a day that no topic keeps goes as a table, of
/// the others the readings of some topics, some megabytes a transaction. Appends wait for a moment at most: for the rows of
/// some topics, or for the lock that takes a day out, which is given up when it is not to be had soon.
/// </summary>
internal sealed partial class RetentionRun(
    NpgsqlConnection connection, Retention retention, HistoryMetrics metrics, TimeProvider time, ILogger log,
    CancellationToken closing)
{
    // Beside Schema.Lock and that of make_partitions: one process does it.
    private const long Lock = Schema.Lock + 2;

    // What one transaction takes away of a topic; the topic's appends wait for it.
    private const int WriteReadings = 2_000;
    private const long WriteBytes = 4 << 20;

    // How many topics of a day that has left are told in one transaction, likewise.
    private const int WriteTopics = 100;

    // Nobody waits for a commit that a crash may take back together with what it dropped.
    private const string Settings = "SET lock_timeout = '1s'; SET synchronous_commit = off";

    private const string Topics =
        """
        SELECT topic.id, topic.name, tail.first_at, tail.bytes
        FROM topic JOIN topic_tail AS tail ON tail.topic = topic.id WHERE topic.id > $1 ORDER BY topic.id LIMIT $2
        """;

    private const string FirstDay =
        """
        SELECT day.name, day.to_at FROM reading_partition AS day
        JOIN reading_partition AS before ON before.name = 'reading_before' AND day.from_at = before.to_at
        WHERE day.to_at <= $1
        """;

    private static readonly string CountLeaving =
        $"""
        SELECT topic, count(*), sum(octet_length(payload) + {ReadingGroup.ReadingBytes})::bigint, max(at)
        FROM reading_leaving WHERE topic > (SELECT topics_done FROM leaving_day)
        GROUP BY topic ORDER BY topic LIMIT {WriteTopics}
        """;

    // The lock is a statement of its own, so that the next one sees what the last append has stored.
    private const string LockTails = "SELECT topic FROM topic_tail WHERE topic = ANY ($1) ORDER BY topic FOR UPDATE";

    private const string TellTails =
        """
        UPDATE topic_tail AS tail SET
            readings = tail.readings - n.readings, bytes = greatest(tail.bytes - n.bytes, 0), dropped = tail.dropped + n.readings,
            dropped_before = greatest(tail.dropped_before, behind(n.last_at)),
            first_at = first_at_of(tail.topic), last_at = last_at_of(tail.topic)
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS n (topic, readings, bytes, last_at)
        WHERE tail.topic = n.topic
        """;

    // The first readings of a topic that take not much more than some bytes together.
    private static readonly string EndOfFirst =
        $"""
        SELECT at, seq FROM (
            SELECT at, seq, bytes, sum(bytes) OVER (ORDER BY at, seq) AS running FROM (
                SELECT at, seq, octet_length(payload) + {ReadingGroup.ReadingBytes} AS bytes
                FROM reading WHERE topic = $1 AND at >= $2 AND at < $3 ORDER BY at, seq LIMIT {WriteReadings}) AS r) AS r
        WHERE running - bytes < $4 ORDER BY at DESC, seq DESC LIMIT 1
        """;

    private static readonly string Delete =
        $"""
        WITH gone AS (
            DELETE FROM reading WHERE topic = $1 AND at >= $2 AND at <= $3 AND (at, seq) <= ($3, $4)
            RETURNING octet_length(payload) + {ReadingGroup.ReadingBytes} AS bytes)
        SELECT count(*), sum(bytes)::bigint FROM gone
        """;

    private const int PageTopics = 10_000;

    private long _readings;
    private int _days;

    private readonly record struct Topic(long Id, RetentionRule? Rule, long FirstAt, long Bytes);

    public void Run()
    {
        connection.Run(Settings);
        if (!retention.HasRules || connection.All(row => row.GetBoolean(0), "SELECT pg_try_advisory_lock($1)", Lock) is [false])
        {
            return; // the lock ends with the connection
        }

        CrashPoint.Reach(CrashPoint.RetentionBefore);
        var started = Stopwatch.GetTimestamp();
        try
        {
            FinishLeaving();
            DropDays();
            DropAged();
            DropOldest();
            DropDays(); // those that are empty now
        }
        finally
        {
            if (_readings > 0 || _days > 0)
            {
                LogDropped(log, _readings, _days, Stopwatch.GetElapsedTime(started));
            }
        }
    }

    /// <summary>Before this time, the begin of a day, a rule keeps nothing for its age.</summary>
    private long KeptFrom(RetentionRule? rule)
    {
        var from = rule?.MaxAge is { } age ? time.GetUtcNow().UtcTicks - age.Ticks : 0;
        return from < 0 ? 0 : DayOf(from);
    }

    private static long DayOf(long at) => at - at % TimeSpan.TicksPerDay;

    private void DropDays()
    {
        if (FirstPast() is null)
        {
            return;
        }

        var topics = AllTopics();
        while (FirstPast() is var (day, end))
        {
            // Also those that had nothing so old: it may come late.
            long[] kept = [.. topics.Where(topic => KeptFrom(topic.Rule) < end).Select(topic => topic.Id)];
            var newest = topics.Count > 0 ? topics[^1].Id : 0;
            if (connection.All(row => row.GetBoolean(0), "SELECT is_kept($1, $2, $3)", day, kept, newest) is [true])
            {
                return;
            }

            connection.Run("SELECT prepare_before($1)", end);
            connection.Run("ALTER TABLE reading_before VALIDATE CONSTRAINT reading_before_end");
            if (connection.All(row => row.GetBoolean(0), "SELECT let_day_leave($1, $2, $3)", day, kept, newest) is [false])
            {
                return; // late readings of one that keeps them came meanwhile
            }

            CrashPoint.Reach(CrashPoint.RetentionMiddle);
            FinishLeaving();
        }
    }

    /// <summary>The first partition of a day, when that is over.</summary>
    private (string Name, long End)? FirstPast() =>
        connection.All(row => (row.GetString(0), row.GetInt64(1)), FirstDay, DayOf(time.GetUtcNow().UtcTicks)) is [var day] ? day : null;

    /// <summary>Tells the topics of the day that has left, or that an earlier run left behind, and drops it.</summary>
    private void FinishLeaving()
    {
        if (connection.All(row => row.GetString(0), "SELECT name FROM leaving_day").Count == 0)
        {
            return;
        }

        while (true)
        {
            closing.ThrowIfCancellationRequested();
            var counts = connection.All(
                row => (Topic: row.GetInt64(0), Readings: row.GetInt64(1), Bytes: row.GetInt64(2), LastAt: row.GetInt64(3)),
                CountLeaving).ToArray();
            if (counts.Length == 0)
            {
                break;
            }

            using var transaction = connection.BeginTransaction();
            Tell(
                Array.ConvertAll(counts, count => count.Topic), Array.ConvertAll(counts, count => count.Readings),
                Array.ConvertAll(counts, count => count.Bytes), Array.ConvertAll(counts, count => count.LastAt));
            connection.Run("UPDATE leaving_day SET topics_done = $1", counts[^1].Topic);
            transaction.Commit();
            Count(counts.Sum(count => count.Readings));
        }

        connection.Run("SELECT drop_leaving_day()");
        _days++;
    }

    private void DropAged()
    {
        foreach (var topic in AllTopics())
        {
            var end = KeptFrom(topic.Rule);
            while (topic.FirstAt < end && DropFirst(topic.Id, end, WriteBytes).Bytes > 0)
            {
            }
        }
    }

    /// <summary>Of all topics of a rule the first days, until the rest is small enough.</summary>
    private void DropOldest()
    {
        foreach (var topics in AllTopics().Where(topic => topic is { FirstAt: < long.MaxValue, Rule.MaxBytes: not null }).GroupBy(topic => topic.Rule!))
        {
            var excess = topics.Sum(topic => topic.Bytes) - topics.Key.MaxBytes!.Value;
            var first = new PriorityQueue<long, (long At, long Id)>();
            foreach (var topic in topics.Where(_ => excess > 0))
            {
                first.Enqueue(topic.Id, (topic.FirstAt, topic.Id));
            }

            while (excess > 0 && first.TryDequeue(out var id, out var begin))
            {
                var (bytes, firstAt) = DropFirst(id, DayOf(begin.At) + TimeSpan.TicksPerDay, Math.Min(excess, WriteBytes));
                excess -= bytes;
                if (firstAt is { } next)
                {
                    first.Enqueue(id, (next, id));
                }
            }
        }
    }

    /// <summary>Drops the first readings of a topic, as many as one transaction takes away.</summary>
    /// <param name="topic">Its id.</param>
    /// <param name="end">Later ones stay.</param>
    /// <param name="most">No more than it takes for so many bytes.</param>
    /// <returns>What has gone, and the first event time that is left.</returns>
    private (long Bytes, long? FirstAt) DropFirst(long topic, long end, long most)
    {
        closing.ThrowIfCancellationRequested();
        using var transaction = connection.BeginTransaction();
        connection.Run(LockTails, (object)new[] { topic });
        var firstAt = FirstAt(topic);
        if (firstAt is not { } begin
            || connection.All(row => (At: row.GetInt64(0), Seq: row.GetInt64(1)), EndOfFirst, topic, begin, end, most) is not [var last])
        {
            return (0, firstAt >= end ? firstAt : null); // others were faster
        }

        var (readings, bytes) = connection.All(
            row => (row.GetInt64(0), row.GetInt64(1)), Delete, topic, begin, last.At, last.Seq).Single();
        Tell([topic], [readings], [bytes], [last.At]);
        firstAt = FirstAt(topic);
        transaction.Commit();
        Count(readings);
        return (bytes, firstAt);
    }

    private long? FirstAt(long topic) =>
        connection.All<long?>(row => row.IsDBNull(0) ? null : row.GetInt64(0), "SELECT first_at FROM topic_tail WHERE topic = $1", topic).Single();

    /// <summary>Says in the rows of topics what has gone of them.</summary>
    private void Tell(long[] topics, long[] readings, long[] bytes, long[] lastAt)
    {
        connection.Run(LockTails, (object)topics);
        connection.Run(TellTails, topics, readings, bytes, lastAt);
    }

    private void Count(long readings)
    {
        _readings += readings;
        metrics.Dropped(readings);
        CrashPoint.Reach(CrashPoint.RetentionMiddle);
    }

    /// <summary>By their ids; of a topic without readings the first time is behind all.</summary>
    private List<Topic> AllTopics()
    {
        var topics = new List<Topic>();
        for (var count = PageTopics; count == PageTopics;)
        {
            var page = connection.All(
                row => new Topic(
                    row.GetInt64(0), retention.RuleOf(row.Text(1)), row.IsDBNull(2) ? long.MaxValue : row.GetInt64(2), row.GetInt64(3)),
                Topics, topics.Count > 0 ? topics[^1].Id : 0L, (long)PageTopics);
            topics.AddRange(page);
            count = page.Count;
        }

        return topics;
    }

    [LoggerMessage(LogLevel.Information,
        "By the rules of retention {Readings} readings were dropped, and {Days} days as a whole; it took {Duration}")]
    private static partial void LogDropped(ILogger log, long readings, int days, TimeSpan duration);
}
