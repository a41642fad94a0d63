using System.Diagnostics;
using Microsoft.Extensions.Logging;
using OrleansIoT.Failures;

namespace OrleansIoT.History.Sqlite.Chunks;

/// <summary>
/// Looks through the topics, a page at a time, for chunks that the rules do not keep, and has them taken away some megabytes
/// a transaction; then gives free pages back to the file system. What is still in the log it leaves to a later run.
/// </summary>
internal sealed partial class RetentionRun(
    string path, Retention retention, HistoryOptions options, HistoryMetrics metrics, TimeProvider time)
{
    // What one transaction takes away; the appends of the moment wait for it.
    private const long WriteBytes = 4 << 20;
    private const int WriteTopics = 200;

    private const int PageTopics = 1_000;

    // How many chunks are compared at a time to find the oldest of all; some 40 bytes each.
    private const int MaxOldest = 100_000;

    // 1 MiB a transaction.
    private const int VacuumPages = 256;

    // The statements end before a write is waited for: a reader that goes on keeps SQLite's write-ahead log from being used again.
    private const string Topics =
        "SELECT id, name, first_at, bytes FROM topic WHERE id > ?1 AND readings > 0 ORDER BY id LIMIT ?2";

    private readonly record struct Topic(long Id, RetentionRule Rule, long FirstAt, long Bytes);

    /// <param name="commit">Commits a write, and returns when it is durable.</param>
    /// <param name="makeRoom">Is called often, for what must not wait until the end.</param>
    /// <param name="log">Hears what was dropped.</param>
    public void Run(Action<SqliteWrite> commit, Action makeRoom, ILogger log)
    {
        if (!retention.HasRules)
        {
            return;
        }

        CrashPoint.Reach(CrashPoint.RetentionBefore);
        var started = Stopwatch.GetTimestamp();
        using var connection = Connection.OpenReader(path).MakeDurable();
        var drops = new Drops(commit, makeRoom, metrics);
        foreach (var (rule, bytes) in DropAged(connection, drops))
        {
            DropOldest(connection, rule, bytes - rule.MaxBytes!.Value, drops);
        }

        if (drops.Chunks > 0)
        {
            LogDropped(log, drops.Readings, drops.Chunks, drops.Bytes, Stopwatch.GetElapsedTime(started));
        }

        GiveSpaceBack(connection, commit);
    }

    /// <returns>For each rule that has a size, what its topics take afterwards.</returns>
    private Dictionary<RetentionRule, long> DropAged(Connection connection, Drops drops)
    {
        var now = time.GetUtcNow().UtcTicks;
        var sizes = new Dictionary<RetentionRule, long>();
        foreach (var topic in AllTopics(connection, drops.MakeRoom))
        {
            var bytes = topic.Bytes;
            if (topic.Rule.MaxAge is { } age && topic.FirstAt < now - age.Ticks)
            {
                bytes -= DropBefore(connection, topic.Id, now - age.Ticks, drops);
            }

            if (topic.Rule.MaxBytes is not null)
            {
                sizes[topic.Rule] = sizes.GetValueOrDefault(topic.Rule) + bytes;
            }
        }

        drops.Flush();
        return sizes;
    }

    /// <returns>How many bytes are to go.</returns>
    private static long DropBefore(Connection connection, long topic, long time, Drops drops)
    {
        var bytes = 0L;
        for (var after = default(Place); ; drops.Flush())
        {
            foreach (var row in ChunkRow.From(connection, topic, after).TakeWhile(row => row.Last.At < time))
            {
                drops.Add(topic, row.Last, row.Bytes);
                bytes += row.Bytes;
                after = row.Last;
                if (drops.IsFull)
                {
                    break;
                }
            }

            if (!drops.IsFull)
            {
                return bytes;
            }
        }
    }

    /// <summary>Drops the chunks that end first among all of a rule's topics.</summary>
    private void DropOldest(Connection connection, RetentionRule rule, long excess, Drops drops)
    {
        while (excess > 0)
        {
            var before = drops.Bytes;
            foreach (var (topic, last, bytes) in Oldest(connection, rule, excess, drops.MakeRoom).OrderBy(chunk => (chunk.Topic, chunk.Last)))
            {
                drops.Add(topic, last, bytes);
                if (drops.IsFull)
                {
                    drops.Flush();
                }
            }

            drops.Flush();
            if (drops.Bytes == before)
            {
                return; // what was found has been merged meanwhile
            }

            excess -= drops.Bytes - before;
        }
    }

    /// <returns>Not more than it takes, and of very many some.</returns>
    private IEnumerable<(long Topic, Place Last, int Bytes)> Oldest(
        Connection connection, RetentionRule rule, long excess, Action makeRoom)
    {
        // The latest of them is the first to leave.
        var oldest = new PriorityQueue<(long Topic, Place Last, int Bytes), Place>(
            Comparer<Place>.Create((left, right) => right.CompareTo(left)));
        var bytes = 0L;
        foreach (var topic in AllTopics(connection, makeRoom).Where(topic => ReferenceEquals(topic.Rule, rule)))
        {
            if (IsEnough() && topic.FirstAt > oldest.Peek().Last.At)
            {
                continue; // without a look at its chunks: so it is with most
            }

            foreach (var row in ChunkRow.From(connection, topic.Id, default))
            {
                if (IsEnough() && row.Last >= oldest.Peek().Last)
                {
                    break;
                }

                oldest.Enqueue((topic.Id, row.Last, row.Bytes), row.Last);
                bytes += row.Bytes;
                while (oldest.Count > MaxOldest || bytes - oldest.Peek().Bytes >= excess)
                {
                    bytes -= oldest.Dequeue().Bytes;
                }
            }
        }

        return oldest.UnorderedItems.Select(item => item.Element);

        bool IsEnough() => bytes >= excess || oldest.Count == MaxOldest;
    }

    /// <summary>Those that a rule decides for.</summary>
    private IEnumerable<Topic> AllTopics(Connection connection, Action makeRoom)
    {
        var page = new List<Topic>(PageTopics);
        for (var last = long.MinValue; ;)
        {
            page.Clear();
            var count = 0;
            using (var rows = connection.Prepare(Topics).Bind(1, last).Bind(2, PageTopics))
            {
                for (; rows.Step(); count++)
                {
                    last = rows.Int64(0);
                    if (retention.RuleOf(rows.Text(1)) is { } rule)
                    {
                        page.Add(new Topic(last, rule, rows.Int64(2), rows.Int64(3)));
                    }
                }
            }

            foreach (var topic in page)
            {
                makeRoom();
                yield return topic;
            }

            if (count < PageTopics)
            {
                yield break;
            }
        }
    }

    /// <summary>All but what the log will want again.</summary>
    private void GiveSpaceBack(Connection connection, Action<SqliteWrite> commit)
    {
        var keep = 2 * options.LogBytes / connection.Pragma("page_size");
        while (connection.Pragma("freelist_count") >= keep + VacuumPages)
        {
            commit(new VacuumWrite());
        }
    }

    [LoggerMessage(LogLevel.Information,
        "By the rules of retention {Readings} readings were dropped, which were in {Chunks} chunks of {Bytes} bytes; it took {Duration}")]
    private static partial void LogDropped(ILogger log, long readings, long chunks, long bytes, TimeSpan duration);

    private sealed class VacuumWrite : SqliteWrite
    {
        public override long Size => 0;

        protected override Exception? Apply(Connection connection)
        {
            connection.Prepare($"PRAGMA incremental_vacuum({VacuumPages})").Run();
            return null;
        }
    }

    /// <summary>What is to go, until it is enough for a transaction; and what has gone.</summary>
    private sealed class Drops(Action<SqliteWrite> commit, Action makeRoom, HistoryMetrics metrics)
    {
        public Action MakeRoom => makeRoom;

        private readonly List<(long Topic, Place UpTo)> _ends = [];
        private long _waiting;

        public long Readings { get; private set; }

        public long Chunks { get; private set; }

        public long Bytes { get; private set; }

        public bool IsFull => _waiting >= WriteBytes || _ends.Count >= WriteTopics;

        /// <summary>A chunk, behind those of its topic that have been added.</summary>
        public void Add(long topic, Place last, int bytes)
        {
            if (_ends.Count > 0 && _ends[^1].Topic == topic)
            {
                _ends[^1] = (topic, last);
            }
            else
            {
                _ends.Add((topic, last));
            }

            _waiting += bytes;
        }

        public void Flush()
        {
            if (_ends.Count == 0)
            {
                return;
            }

            var write = new RetentionWrite([.. _ends]);
            _ends.Clear();
            _waiting = 0;
            commit(write);
            Readings += write.Dropped.Readings;
            Chunks += write.Dropped.Chunks;
            Bytes += write.Dropped.Bytes;
            metrics.Dropped(write.Dropped.Readings);
            CrashPoint.Reach(CrashPoint.RetentionMiddle);
        }
    }
}
