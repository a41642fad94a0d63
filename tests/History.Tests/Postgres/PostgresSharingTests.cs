using Npgsql;
using OrleansIoT.History.Tests.Telemetry;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Postgres;

/// <summary>Several processes write to one database.</summary>
public sealed class PostgresSharingTests
{
    private const string Topic = "default/t";

    [Fact]
    public async Task What_one_has_stored_the_other_sees_and_goes_on_from()
    {
        await using var one = new PostgresTestStore();
        await using var other = one.Beside();

        for (var i = 0; i < 5; i++)
        {
            await one.History.Append(Topic, 4 * i + 1, Some(Topic, 2));
            Assert.Equal(4 * i + 2, (await other.History.ReadTopicTail(Topic)).LastSeq);
            await other.History.Append(Topic, 4 * i + 3, Some(Topic, 2));
        }

        Assert.Equal(Enumerable.Range(1, 20).Select(i => (long)i), (await one.History.ReadAll(Topic)).Select(m => m.Seq).Order());
        Assert.Equal(20, (await one.History.ReadDeviceTail("default/meter-7")).Readings);
    }

    [Fact]
    public async Task Whoever_believes_in_an_end_that_is_no_more_loses_and_changes_nothing()
    {
        await using var one = new PostgresTestStore();
        await using var other = one.Beside();
        await one.History.Append(Topic, 1, Some(Topic, 2));
        await other.History.Append(Topic, 3, [Reading(Topic, "winner")]);

        var loser = one.History.Append(Topic, 3, [Reading(Topic, "loser") with { Retain = true }]);
        var neighbour = one.History.Append("default/u", 1, Some("default/u", 1));

        await Assert.ThrowsAsync<SequenceConflictException>(() => loser);
        await neighbour;
        Assert.DoesNotContain("loser", (await one.History.ReadAll(Topic)).Select(m => m.Text()));
        Assert.Empty(await one.Sessions.ReadRetainedTopics("default/meter-7", 10));
        await one.History.Append(Topic, 4, Some(Topic, 1));
    }

    [Fact]
    public async Task Two_that_append_to_the_same_topics_of_the_same_devices_lose_and_double_nothing()
    {
        const int Topics = 20, Rounds = 40;
        await using var one = new PostgresTestStore();
        await using var other = one.Beside();
        var conflicts = 0;

        await Task.WhenAll(new[] { one, other }.SelectMany((store, process) => Enumerable.Range(0, Topics).Select(number => Task.Run(async () =>
        {
            var topic = $"default/topic/{number}";
            var last = 0L;
            for (var round = 0; round < Rounds;)
            {
                TelemetryMessage[] readings =
                [
                    .. Enumerable.Range(0, 2).Select(i => Reading(topic, $"{process}/{round}/{i}") with { Device = $"meter-{(number + i) % 5}" }),
                ];
                try
                {
                    await store.History.Append(topic, last + 1, readings);
                    round++;
                    last += readings.Length;
                }
                catch (SequenceConflictException)
                {
                    Interlocked.Increment(ref conflicts);
                    last = (await store.History.ReadTopicTail(topic)).LastSeq;
                }
            }
        }))));

        Assert.True(conflicts > 0, "They were never in each other's way.");
        for (var number = 0; number < Topics; number++)
        {
            var stored = await one.History.ReadAll($"default/topic/{number}");
            Assert.Equal(Enumerable.Range(1, 4 * Rounds).Select(i => (long)i), stored.Select(m => m.Seq).Order());
            Assert.Equal(4 * Rounds, stored.Select(m => m.Text()).Distinct().Count());
        }

        // Each device's readings are numbered without a gap in the order of the commits.
        Assert.Equal("0", one.Ask(
            """
            SELECT count(*) FROM (
                SELECT device, count(*) AS n, max(device_seq) AS top, min(device_seq) AS low, count(DISTINCT device_seq) AS different
                FROM iot.reading GROUP BY device) AS d
            JOIN iot.device_tail AS t USING (device) WHERE (n, n, n, 1) IS DISTINCT FROM (top, different, readings, low)
            """));
        Assert.DoesNotContain(one.Log.Concat(other.Log), line => line.Contains("cannot commit", StringComparison.Ordinal));
    }

    /// <summary>As one that is suspended, or that the network has cut off, in the middle of a transaction.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("COPY iot.reading FROM STDIN (FORMAT BINARY)")]
    public async Task Who_stands_still_in_the_middle_of_a_transaction_holds_nobody_up_for_long(string? copy)
    {
        await using var store = new PostgresTestStore();
        await store.History.Append(Topic, 1, Some(Topic, 1));
        await using var hanging = await Begin(store, "OrleansIoT", "UPDATE iot.topic_tail SET readings = readings + 1");
        _ = copy is null ? null : await hanging.BeginRawBinaryCopyAsync(copy);

        await store.History.Append(Topic, 2, Some(Topic, 1));
        await store.History.Append("default/u", 1, Some("default/u", 1));

        Assert.Equal("1,2", store.Ask($"SELECT string_agg(seq::text, ',' ORDER BY seq) FROM iot.reading JOIN iot.topic ON id = topic WHERE name = '{Topic}'"));
        Assert.Contains(store.Log, line => line.Contains("their transactions were ended", StringComparison.Ordinal));
        Assert.Equal("0", store.Ask($"SELECT count(*) FROM pg_stat_activity WHERE pid = {hanging.ProcessID}"));
    }

    /// <summary>It reads for long and holds nothing, or is somebody else's.</summary>
    [Theory]
    [InlineData("OrleansIoT", "SELECT count(*) FROM iot.reading")]
    [InlineData("psql", "UPDATE iot.device_tail SET readings = readings + 0 WHERE device = -1; CREATE TEMPORARY TABLE t (n integer)")]
    public async Task Who_is_in_nobodys_way_is_not_ended(string application, string statement)
    {
        await using var store = new PostgresTestStore();
        await store.History.Append(Topic, 1, Some(Topic, 1));
        await using var reading = await Begin(store, application, statement);
        await using var hanging = await Begin(store, "OrleansIoT", "UPDATE iot.topic_tail SET readings = readings + 1");

        await store.History.Append(Topic, 2, Some(Topic, 1));

        Assert.Equal("1", store.Ask($"SELECT count(*) FROM pg_stat_activity WHERE pid = {reading.ProcessID}"));
        Assert.Equal("0", store.Ask($"SELECT count(*) FROM pg_stat_activity WHERE pid = {hanging.ProcessID}"));
    }

    /// <summary>PostgreSQL finds a deadlock after a second, so one a group is a standstill.</summary>
    [Fact]
    public async Task Three_that_extend_and_settle_the_same_queues_never_wait_for_each_other()
    {
        const int Queues = 20, Rounds = 30;
        await using var one = new PostgresTestStore(isFresh: true);
        await using (var other = one.Beside())
        await using (var third = one.Beside())
        {
            string[] all = [.. Enumerable.Range(0, Queues).Select(i => $"default/s{i}/s{i}")];
            foreach (var session in all)
            {
                await one.Sessions.Open(session, "c", expiry: 3_600, will: null, isNew: true, edge: "");
            }

            PostgresTestStore[] stores = [one, other, third];
            await Task.WhenAll(stores.SelectMany((store, process) => Enumerable.Range(0, 8).Select(topic => Task.Run(async () =>
            {
                var random = new Random((process * 8) + topic);
                string[] sessions = [.. all];
                for (var round = 0; round < Rounds; round++)
                {
                    random.Shuffle(sessions);
                    var name = $"default/{process}/{topic}";
                    var numbers = await store.History.Append(
                        name,
                        round + 1,
                        [Reading(name, $"{round}")],
                        new AppendEffects([.. sessions.Take(3).Select(session => new Enqueue(session, 0, Qos.ExactlyOnce, false, []))], (sessions[4], [(ushort)(round + 1)]), false));
                    await Task.WhenAll(
                        store.Sessions.Settle(sessions[0], [new Settlement(numbers[0], IsComplete: true)]),
                        store.Sessions.Release(sessions[4], [(ushort)(round + 1)]));
                }
            }))));
        }

        await one.Close(); // a server counts when connections end
        while (one.Ask("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()") != "0")
        {
            await Task.Delay(20);
        }

        Assert.Equal("0", one.Ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"));
        await one.Reopen();
    }

    [Fact]
    public async Task Of_two_processes_that_found_no_state_one_writes_and_the_other_is_told()
    {
        await using var one = new PostgresTestStore();
        await using var other = one.Beside();
        var grain = GrainId.Create("device", "default/meter-7");
        var writes = new[] { one, other }
            .Select(store => store.States.WriteStateAsync("s", grain, new GrainState<int> { State = 1 })).ToArray();

        await Task.WhenAll(writes.Select(write => write.ContinueWith(_ => { }, TaskScheduler.Default)));

        _ = Assert.Single(writes, write => write.IsCompletedSuccessfully);
        var refused = Assert.Single(writes, write => write.IsFaulted);
        Assert.IsType<Orleans.Storage.InconsistentStateException>(refused.Exception!.InnerException);
    }

    private static async Task<NpgsqlConnection> Begin(PostgresTestStore store, string application, string statement)
    {
        var connection = new NpgsqlConnection($"{store.ConnectionString};Application Name={application};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"BEGIN; {statement}", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }
}
