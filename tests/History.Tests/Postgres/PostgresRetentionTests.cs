using OrleansIoT.Fixtures;
using OrleansIoT.History.Numbers;
using OrleansIoT.History.Tests.Telemetry;
using OrleansIoT.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Postgres;

/// <summary>Nothing goes that the rules keep, what goes is said, and writes do not wait for it; as with SQLite, but by days.</summary>
public sealed class PostgresRetentionTests
{
    private const string Topic = "default/t";

    // What a reading takes besides its payload; those of Append have one of a byte.
    private const long ReadingBytes = 128 + 1;

    private static readonly TimeSpan TenDays = TimeSpan.FromDays(10);

    private readonly ManualClock _clock = new(Noon + TenDays);

    [Fact]
    public async Task Days_that_end_before_the_age_go_and_the_others_stay()
    {
        await using var store = Store(new RetentionRule { MaxAge = TenDays });
        await Append(store, Topic, 100, Noon);
        await Append(store, Topic, 10, Noon.AddDays(5));

        _clock.Advance(TimeSpan.FromHours(12) - TimeSpan.FromTicks(1));
        await store.Database.Drop();
        await MustHave(store, Topic, 1, 110, null); // the end of the day is as old as may be

        _clock.Advance(TimeSpan.FromTicks(1));
        await store.Database.Drop();

        await MustHave(store, Topic, 101, 110, new DroppedReadings(Noon.AddSeconds(99).AddTicks(1), 100));
        var topic = Assert.Single((await store.History.ListTopics("default", "", 10, null)).Topics);
        Assert.Equal((10, Noon.AddDays(5), Noon.AddDays(5).AddSeconds(9)), (topic.Readings, topic.FirstAt, topic.LastAt));
        Assert.Equal(110, (await store.History.ReadTopicTail(Topic)).Latest?.Seq);
    }

    [Fact]
    public async Task A_range_behind_what_was_dropped_is_complete_and_says_nothing_of_it()
    {
        await using var store = Store(new RetentionRule { MaxAge = TenDays });
        await Append(store, Topic, 100, Noon);
        await Append(store, Topic, 10, Noon.AddDays(5));
        _clock.Advance(TimeSpan.FromDays(1));
        await store.Database.Drop();

        var before = Noon.AddSeconds(99).AddTicks(1);
        Assert.Null((await store.History.Read(Topic, All with { Start = before })).Dropped);
        Assert.NotNull((await store.History.Read(Topic, All with { Start = before.AddTicks(-1) })).Dropped);
        var dropped = await store.History.ReadNumbers(
            Topic, new NumberQuery(Noon, Noon.AddDays(6), NumberField.Default), new Sink());
        Assert.Equal(new DroppedReadings(before, 100), dropped);
    }

    [Fact]
    public async Task A_topic_of_which_everything_has_gone_has_no_latest_and_goes_on_with_its_numbers()
    {
        await using var store = Store(new RetentionRule { MaxAge = TenDays });
        await Append(store, Topic, 100, Noon);
        _clock.Advance(TenDays);
        await store.Database.Drop();

        var dropped = new DroppedReadings(Noon.AddSeconds(99).AddTicks(1), 100);
        await MustHave(store, Topic, 101, 100, dropped);
        Assert.Equal(new TopicTail(100, null), await store.History.ReadTopicTail(Topic));
        var topic = Assert.Single((await store.History.ListTopics("default", "", 10, null)).Topics);
        Assert.Equal((0, null, null), (topic.Readings, topic.FirstAt, topic.LastAt));
        await store.Reopen();
        Assert.Equal(new TopicTail(100, null), await store.History.ReadTopicTail(Topic));

        await Append(store, Topic, 5, Noon.AddDays(-1)); // late, and so old that they are dropped next
        await MustHave(store, Topic, 101, 105, dropped);
        await store.Database.Drop();
        await MustHave(store, Topic, 106, 105, dropped with { Readings = 105 });
    }

    [Fact]
    public async Task Readings_that_say_they_are_of_1970_are_old()
    {
        await using var store = Store(new RetentionRule { MaxAge = TenDays });
        await Append(store, Topic, 10, DateTimeOffset.UnixEpoch);
        await Append(store, "default/both", 10, DateTimeOffset.UnixEpoch);
        await Append(store, "default/both", 10, Noon.AddDays(5));

        await store.Database.Drop();

        var dropped = new DroppedReadings(DateTimeOffset.UnixEpoch.AddSeconds(9).AddTicks(1), 10);
        await MustHave(store, Topic, 11, 10, dropped);
        await MustHave(store, "default/both", 11, 20, dropped);
    }

    [Fact]
    public async Task Readings_at_both_ends_of_time_go_and_stay()
    {
        await using var store = Store(new RetentionRule { MaxAge = TenDays });
        await store.History.Append(
            Topic, 1, [Reading(Topic, "x", DateTimeOffset.MinValue), Reading(Topic, "x", DateTimeOffset.MaxValue.AddTicks(-1))]);

        await store.Database.Drop();
        await MustHave(store, Topic, 2, 2, new DroppedReadings(DateTimeOffset.MinValue.AddTicks(1), 1));

        await store.Reopen(options => options.Retention = [new RetentionRule { MaxBytes = 1 }]);
        await store.Database.Drop();
        Assert.Equal(new TopicTail(2, null), await store.History.ReadTopicTail(Topic));
        Assert.Equal(2, (await store.History.Read(Topic, All)).Dropped?.Readings);
    }

    [Fact]
    public async Task Of_all_topics_of_a_rule_the_first_days_go_until_the_rest_is_small_enough()
    {
        await using var store = Store(new RetentionRule { MaxBytes = 220 * ReadingBytes });
        await Append(store, "default/a", 100, Noon);
        await Append(store, "default/b", 100, Noon.AddDays(1));
        await Append(store, "default/a", 10, Noon.AddDays(2));
        await Append(store, "default/b", 10, Noon.AddDays(3));
        await store.Database.Drop();
        await MustHave(store, "default/a", 1, 110, null);

        await Reopen(store, new RetentionRule { MaxBytes = 220 * ReadingBytes - 1 });
        await store.Database.Drop();
        await MustHave(store, "default/a", 2, 110, new DroppedReadings(Noon.AddTicks(1), 1));
        await MustHave(store, "default/b", 1, 110, null);

        await Reopen(store, new RetentionRule { MaxBytes = 60 * ReadingBytes });
        await store.Database.Drop();
        await MustHave(store, "default/a", 101, 110, new DroppedReadings(Noon.AddSeconds(99).AddTicks(1), 100));
        await MustHave(store, "default/b", 61, 110, new DroppedReadings(Noon.AddDays(1).AddSeconds(59).AddTicks(1), 60));
        await BytesMustAddUp(store);

        await Reopen(store, new RetentionRule { MaxBytes = 1 });
        await store.Database.Drop();
        Assert.Equal("0", store.Ask("SELECT sum(bytes) + sum(readings) FROM iot.topic_tail"));
        Assert.Equal("0", store.Ask("SELECT count(*) FROM iot.reading"));
    }

    [Fact]
    public async Task More_than_one_transaction_takes_goes_in_several()
    {
        await using var store = Store(new RetentionRule { MaxAge = TenDays, MaxBytes = 1_000 * ReadingBytes });
        await Append(store, Topic, 5_000, Noon.AddDays(-3));
        await Append(store, Topic, 5_000, Noon.AddDays(3));

        await store.Database.Drop();

        Assert.Equal(1_000, (await store.History.ReadAll(Topic)).Count);
        Assert.Equal(
            new DroppedReadings(Noon.AddDays(3).AddSeconds(3_999).AddTicks(1), 9_000), (await store.History.Read(Topic, All)).Dropped);
        await BytesMustAddUp(store);
    }

    [Fact]
    public async Task Each_topic_goes_by_its_own_rule_and_one_without_stays()
    {
        await using var store = Store(
            new RetentionRule { Prefix = "chat", MaxAge = TimeSpan.FromDays(1) },
            new RetentionRule { Prefix = "chat/room", MaxAge = TimeSpan.FromDays(100) },
            new RetentionRule { Prefix = "size", MaxBytes = 1 },
            new RetentionRule { Tenant = "acme", MaxAge = TimeSpan.FromDays(1) });
        string[] kept = ["default/t", "default/chat/room/1", "default/chats", "acme/chat/room", "default/a/size"];
        string[] gone = ["default/chat", "default/chat/hall", "acme/chat/hall", "acme/t", "default/size/1", "default/size/2"];
        foreach (var topic in kept.Concat(gone))
        {
            await Append(store, topic, 10, Noon);
        }

        await store.Database.Drop();

        foreach (var topic in kept)
        {
            await MustHave(store, topic, 1, 10, null);
        }

        foreach (var topic in gone)
        {
            await MustHave(store, topic, 11, 10, new DroppedReadings(Noon.AddSeconds(9).AddTicks(1), 10));
        }
    }

    [Fact]
    public async Task It_happens_by_itself_soon_after_the_start_and_then_in_intervals()
    {
        await using var store = Store(new RetentionRule { MaxAge = TimeSpan.FromDays(1) });
        await Append(store, Topic, 10, Noon);
        _clock.Advance(TimeSpan.FromMinutes(1));
        await Dropped(store, 10);

        await store.Database.Drop(); // behind the run of the timer, which would be in the way of the next
        await Append(store, Topic, 10, Noon);
        _clock.Advance(TimeSpan.FromMinutes(10));
        await Dropped(store, 20);
    }

    [Fact]
    public async Task A_day_that_nobody_keeps_goes_as_a_table_and_late_readings_of_it_are_stored_before()
    {
        var today = Today();
        await using var store = Fresh(today.AddDays(3), new RetentionRule { MaxAge = TimeSpan.FromDays(2) });
        var day = today.AddDays(-2);
        await Append(store, Topic, 10, day.AddHours(1));
        await Append(store, "default/u", 10, day.AddHours(2));
        await Append(store, Topic, 5, today.AddDays(1).AddHours(3));
        Assert.True(HasTable(store, day));

        await store.Database.Drop();

        Assert.False(HasTable(store, day));
        Assert.False(HasTable(store, today)); // nobody had readings of it
        Assert.True(HasTable(store, today.AddDays(1)));
        Assert.Equal("0", store.Ask("SELECT count(*) FROM iot.leaving_day"));
        Assert.Equal($"{today.AddDays(1).UtcTicks}", store.Ask("SELECT to_at FROM iot.reading_partition WHERE name = 'reading_before'"));
        await MustHave(store, Topic, 11, 15, new DroppedReadings(day.AddHours(1).AddSeconds(9).AddTicks(1), 10));
        await MustHave(store, "default/u", 11, 10, new DroppedReadings(day.AddHours(2).AddSeconds(9).AddTicks(1), 10));
        await BytesMustAddUp(store);

        await Append(store, Topic, 3, day.AddHours(5)); // late
        Assert.Equal("3", store.Ask("SELECT count(*) FROM iot.reading_before"));
        Assert.Equal(8, (await store.History.ReadAll(Topic)).Count);
        await store.Reopen();
        await MustHave(store, Topic, 11, 18, new DroppedReadings(day.AddHours(1).AddSeconds(9).AddTicks(1), 10));
        await store.Database.Drop();
        await MustHave(store, Topic, 11, 15, 18, new DroppedReadings(day.AddHours(5).AddSeconds(2).AddTicks(1), 13));
    }

    [Fact]
    public async Task A_day_that_one_topic_keeps_stays_and_loses_the_readings_of_the_others()
    {
        var today = Today();
        await using var store = Fresh(
            today.AddDays(3), new RetentionRule { MaxAge = TimeSpan.FromDays(2) },
            new RetentionRule { Prefix = "long", MaxAge = TimeSpan.FromDays(4) });
        var day = today.AddDays(-1);
        await Append(store, Topic, 10, day);
        await Append(store, "default/long", 10, day);

        await store.Database.Drop();
        Assert.True(HasTable(store, day));
        Assert.False(HasTable(store, day.AddDays(-1)));
        await MustHave(store, Topic, 11, 10, new DroppedReadings(day.AddSeconds(9).AddTicks(1), 10));
        await MustHave(store, "default/long", 1, 10, null);

        _clock.Advance(TimeSpan.FromDays(1));
        _clock.Advance(TimeSpan.FromDays(1));
        await store.Database.Drop();
        Assert.False(HasTable(store, day));
        await MustHave(store, "default/long", 11, 10, new DroppedReadings(day.AddSeconds(9).AddTicks(1), 10));
    }

    [Fact]
    public async Task While_a_day_leaves_everything_is_said_as_if_it_had_and_another_process_ends_what_one_began()
    {
        var today = Today();
        await using var store = Fresh(today.AddDays(3), new RetentionRule { MaxAge = TimeSpan.FromDays(3650) });
        var day = DayOf(DateTimeOffset.UtcNow.AddDays(-7));
        await Append(store, Topic, 10, day);
        await Append(store, "default/u", 10, day);
        await Append(store, "default/u", 10, today);
        store.Sql($"SET search_path = iot; SELECT prepare_before({day.AddDays(1).UtcTicks}); SELECT let_day_leave('{TableOf(day)}', '{{}}', 2)");

        async Task MustBeSaid()
        {
            await MustHave(store, Topic, 11, 10, new DroppedReadings(day.AddSeconds(9).AddTicks(1), 10));
            await MustHave(store, "default/u", 11, 20, new DroppedReadings(day.AddSeconds(9).AddTicks(1), 10));
            var topics = (await store.History.ListTopics("default", "", 10, null)).Topics;
            Assert.Equal([(0, null), (10, today)], topics.Select(topic => (topic.Readings, topic.FirstAt)));
            Assert.Null((await store.History.ReadTopicTail(Topic)).Latest);
        }

        Assert.True(HasTable(store, day));
        await MustBeSaid();
        await using (var other = store.Beside(options => options.Retention = [new RetentionRule { MaxAge = TimeSpan.FromDays(3650) }]))
        {
            await other.Database.Drop();
        }

        Assert.False(HasTable(store, day));
        await MustBeSaid();
        await BytesMustAddUp(store);
    }

    [Fact]
    public async Task A_day_stays_while_a_topic_that_is_not_known_yet_has_readings_of_it()
    {
        var today = Today();
        await using var store = Fresh(today, new RetentionRule { MaxAge = TimeSpan.FromDays(2) });
        var day = DayOf(DateTimeOffset.UtcNow.AddDays(-7));
        await Append(store, Topic, 10, day);

        store.Sql($"SET search_path = iot; SELECT prepare_before({day.AddDays(1).UtcTicks})");
        Assert.Equal("False", store.Ask($"SET search_path = iot; SELECT let_day_leave('{TableOf(day)}', '{{}}', 0)"));
        Assert.Equal("False", store.Ask($"SET search_path = iot; SELECT let_day_leave('{TableOf(day)}', '{{1}}', 1)"));

        await MustHave(store, Topic, 1, 10, null);
    }

    [Fact]
    public async Task A_day_waits_for_a_reader_and_goes_the_next_time()
    {
        var today = Today();
        await using var store = Fresh(today.AddDays(3), new RetentionRule { MaxAge = TimeSpan.FromDays(2) });
        await Append(store, Topic, 10, today);
        using (var reader = new Npgsql.NpgsqlConnection(store.ConnectionString))
        {
            reader.Open();
            using var transaction = reader.BeginTransaction();
            using var query = new Npgsql.NpgsqlCommand("SELECT count(*) FROM iot.reading", reader);
            query.ExecuteScalar();

            await Assert.ThrowsAsync<Npgsql.PostgresException>(() => store.Database.Drop());
            await Append(store, Topic, 10, today.AddDays(2));
            await MustHave(store, Topic, 1, 20, null);
        }

        await store.Database.Drop();
        Assert.False(HasTable(store, today));
        await MustHave(store, Topic, 11, 20, new DroppedReadings(today.AddSeconds(9).AddTicks(1), 10));
    }

    [Fact]
    public async Task Two_processes_that_drop_at_once_while_many_write_lose_nothing_but_the_oldest()
    {
        await using var store = Store(new RetentionRule { MaxBytes = 20_000 });
        await using var other = store.Beside(options => options.Retention = [new RetentionRule { MaxBytes = 20_000 }]);
        using var stop = new CancellationTokenSource();
        var topics = Enumerable.Range(0, 8).Select(i => $"default/topic/{i}").ToList();
        var writing = topics.Select((topic, i) => Write(i % 2 == 0 ? store : other, topic, Noon, stop.Token)).ToList();
        var total = 0L;
        for (var i = 0; i < 10 || total < 5_000; i++)
        {
            await Task.WhenAll(store.Database.Drop(), other.Database.Drop());
            total = (await Task.WhenAll(topics.Select(topic => store.History.ReadTopicTail(topic)))).Sum(tail => tail.LastSeq);
        }

        await stop.CancelAsync();
        var written = await Task.WhenAll(writing);
        await store.Reopen();
        for (var i = 0; i < topics.Count; i++)
        {
            await MustHaveTheRest(store, topics[i], written[i]);
        }

        await BytesMustAddUp(store);
        Assert.DoesNotContain(store.Log.Concat(other.Log), line => line.Contains("cannot commit", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Days_go_as_tables_while_many_write_to_them_and_everything_is_accounted_for()
    {
        var today = Today();
        await using var store = Fresh(today, new RetentionRule { MaxAge = TimeSpan.FromDays(2) });
        using var stop = new CancellationTokenSource();
        var topics = Enumerable.Range(0, 8).Select(i => $"default/topic/{i}").ToList();
        var writing = topics.Select(topic => Write(store, topic, today.AddDays(-7), stop.Token, TimeSpan.FromMinutes(20))).ToList();
        for (var i = 0; i < 12; i++)
        {
            _clock.Advance(TimeSpan.FromDays(1));
            try
            {
                await store.Database.Drop();
            }
            catch (Npgsql.PostgresException e) when (e.SqlState is "55P03" or "40P01")
            {
                // It was in somebody's way, which is no reason to keep them waiting.
            }
        }

        await stop.CancelAsync();
        var written = await Task.WhenAll(writing);
        await store.Database.Drop();
        for (var i = 0; i < topics.Count; i++)
        {
            await MustHaveTheRest(store, topics[i], written[i]);
        }

        await BytesMustAddUp(store);
        Assert.False(HasTable(store, today));
        Assert.DoesNotContain(store.Log, line => line.Contains("cannot commit", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_database_of_before_retention_knows_afterwards_what_its_readings_take()
    {
        await using var store = new PostgresTestStore(isFresh: true);
        await Append(store, Topic, 10, Noon);
        await Append(store, "default/u", 7, Noon);
        await store.Close();
        store.Sql(
            """
            SET search_path = iot;
            DROP VIEW topic_now;
            DROP FUNCTION first_at_of, last_at_of, behind, is_kept, prepare_before, let_day_leave, drop_leaving_day;
            DROP TABLE reading_leaving, leaving_day, audit;
            DROP FUNCTION audit_is_append_only;
            ALTER TABLE topic_tail DROP COLUMN bytes;
            DROP INDEX reading_seq;
            ALTER TABLE directory_entry DROP COLUMN created_at, DROP COLUMN seen_at;
            ALTER TABLE session DROP COLUMN edge;
            UPDATE schema_version SET version = 1;
            """);

        await store.Reopen();

        await BytesMustAddUp(store);
        Assert.Equal($"{17 * ReadingBytes}", store.Ask("SELECT sum(bytes) FROM iot.topic_tail"));
        await MustHave(store, Topic, 1, 10, null);
    }

    private PostgresTestStore Store(params RetentionRule[] rules) => new(options => options.Retention = rules, time: _clock);

    /// <summary>A database of its own, with the days that the server's clock has made, at a time that is later.</summary>
    private PostgresTestStore Fresh(DateTimeOffset now, params RetentionRule[] rules)
    {
        _clock.Advance(now - _clock.GetUtcNow());
        return new(options => options.Retention = rules, isFresh: true, time: _clock);
    }

    private static Task Reopen(PostgresTestStore store, RetentionRule rule) => store.Reopen(options => options.Retention = [rule]);

    private static DateTimeOffset Today() => DayOf(DateTimeOffset.UtcNow);

    private static DateTimeOffset DayOf(DateTimeOffset time) => new(time.UtcDateTime.Date, TimeSpan.Zero);

    private static string TableOf(DateTimeOffset day) => $"reading_{day:yyyyMMdd}";

    private static bool HasTable(PostgresTestStore store, DateTimeOffset day) =>
        store.Ask($"SELECT count(*) FROM pg_class WHERE relname = '{TableOf(day)}'") == "1";

    private static async Task Append(PostgresTestStore store, string topic, int count, DateTimeOffset from)
    {
        var last = (await store.History.ReadTopicTail(topic)).LastSeq;
        await store.History.Append(
            topic, last + 1, [.. Enumerable.Range(0, count).Select(i => Reading(topic, "x", from.AddSeconds(i)))]);
    }

    /// <returns>The number of the last reading.</returns>
    private static async Task<long> Write(
        PostgresTestStore store, string topic, DateTimeOffset from, CancellationToken stop, TimeSpan? step = null)
    {
        var last = 0L;
        for (; !stop.IsCancellationRequested; last += 5)
        {
            await store.History.Append(
                topic, last + 1,
                [.. Enumerable.Range(0, 5).Select(i => Reading(topic, $"{last + i}", from + ((last + i) * (step ?? TimeSpan.FromSeconds(1)))))]);
        }

        return last;
    }

    private static Task MustHave(PostgresTestStore store, string topic, long firstSeq, long lastSeq, DroppedReadings? dropped) =>
        MustHave(store, topic, firstSeq, lastSeq, lastSeq, dropped);

    private static async Task MustHave(
        PostgresTestStore store, string topic, long firstSeq, long lastThere, long lastSeq, DroppedReadings? dropped)
    {
        var readings = await store.History.ReadAll(topic);
        Assert.Equal(
            Enumerable.Range((int)firstSeq, (int)Math.Max(lastThere - firstSeq + 1, 0)).Select(seq => (long)seq),
            readings.Select(m => m.Seq).Order());
        Assert.Equal(dropped, (await store.History.Read(topic, All)).Dropped);
        Assert.Equal(lastSeq, (await store.History.ReadTopicTail(topic)).LastSeq);
    }

    /// <summary>A topic whose event times ascend with its numbers has the end of what was written, and says how much it had before.</summary>
    private static async Task MustHaveTheRest(PostgresTestStore store, string topic, long lastSeq)
    {
        var readings = await store.History.ReadAll(topic);
        var dropped = (await store.History.Read(topic, All)).Dropped;
        Assert.Equal(lastSeq, (dropped?.Readings ?? 0) + readings.Count);
        Assert.Equal(Enumerable.Range(1, readings.Count).Select(i => i + (dropped?.Readings ?? 0)), readings.Select(m => m.Seq));
    }

    /// <summary>What the topics' rows say is what their readings are.</summary>
    private static Task BytesMustAddUp(PostgresTestStore store)
    {
        Assert.Equal("0", store.Ask(
            """
            SELECT count(*) FROM iot.topic_tail AS tail CROSS JOIN LATERAL (
                SELECT count(*) AS readings, coalesce(sum(octet_length(payload) + 128), 0) AS bytes, min(at) AS first_at, max(at) AS last_at
                FROM iot.reading AS r WHERE r.topic = tail.topic) AS r
            WHERE (tail.readings, tail.bytes, tail.first_at, tail.last_at)
                IS DISTINCT FROM (r.readings, r.bytes, r.first_at, r.last_at)
            """));
        return Task.CompletedTask;
    }

    private static async Task Dropped(PostgresTestStore store, long readings)
    {
        while ((await store.History.Read(Topic, All)).Dropped?.Readings != readings)
        {
            await Task.Yield();
        }
    }

    private sealed class Sink : INumberSink
    {
        public bool Add(long at, long seq, double value) => true;
    }
}
