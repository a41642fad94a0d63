using System.Diagnostics;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.History.Tests.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Postgres;

/// <summary>The server really goes away: nothing that it did not confirm is acknowledged, and the store goes on by itself.</summary>
public sealed class PostgresOutageTests
{
    private const string Topic = "default/t";

    [Theory]
    [InlineData("Request")]
    [InlineData("Answer")]
    public async Task When_the_connection_is_lost_during_a_commit_it_is_found_out_whether_that_is_stored(string cut)
    {
        await using var direct = new PostgresTestStore();
        using var proxy = new CutProxy(direct.Server.Port);
        await using var store = new PostgresTestStore(
            database: direct.Name,
            connectionString: $"Host=127.0.0.1;Port={proxy.Port};Username=postgres;Database={direct.Name};SSL Mode=Disable;GSS Encryption Mode=Disable");
        await store.History.Append(Topic, 1, Some(Topic, 2));

        proxy.CutNextCommit(Enum.Parse<CutProxy.Cut>(cut));
        await store.History.Append(Topic, 3, Some(Topic, 2));

        Assert.Equal(1, proxy.Cuts);
        Assert.Equal([1, 2, 3, 4], (await direct.History.ReadAll(Topic)).Select(m => m.Seq).Order());
        Assert.Equal(4, (await direct.History.ReadDeviceTail("default/meter-7")).Readings);
        Assert.Contains(
            store.Log, line => line.Contains(cut == "Answer" ? "is stored" : "is not stored", StringComparison.Ordinal));
        await store.History.Append(Topic, 5, Some(Topic, 1));
    }

    [Fact]
    public async Task While_the_server_is_away_for_a_moment_writes_wait_and_then_are_stored()
    {
        using var server = new PostgresServer();
        await using var store = new PostgresTestStore(options => options.ServerPatience = TimeSpan.FromMinutes(1), server: server);
        await store.History.Append(Topic, 1, Some(Topic, 1));

        server.Kill();
        var append = store.History.Append(Topic, 2, Some(Topic, 1));
        await Task.WhenAny(append, Task.Delay(300));
        Assert.False(append.IsCompleted);
        server.Start();
        await append;

        Assert.Equal(2, (await store.History.ReadTopicTail(Topic)).LastSeq);
        Assert.Equal(2, (await store.History.ReadAll(Topic)).Count);
    }

    [Fact]
    public async Task While_the_server_stays_away_writes_are_refused_within_bounds_and_go_on_without_a_restart()
    {
        using var server = new PostgresServer();
        await using var store = new PostgresTestStore(
            options =>
            {
                options.ServerPatience = TimeSpan.FromSeconds(1);
                options.QueueBytes = 100_000;
            },
            server: server);
        await store.History.Append(Topic, 1, Some(Topic, 1));
        server.Kill();

        // The first waits with what fits behind it; what does not fit is refused at once, so memory is bounded.
        var started = Stopwatch.GetTimestamp();
        var payload = new string('x', 1_000);
        var appends = Enumerable.Range(2, 500).Select(i => store.History.Append(Topic, i, [Reading(Topic, payload)])).ToArray();
        Assert.InRange(appends.Count(append => append.IsCompleted), 300, 450);
        foreach (var append in appends)
        {
            await IsUnavailable(append);
        }

        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(20));
        await IsUnavailable(store.History.ReadTopicTail(Topic));
        server.Start();
        await store.History.Append(Topic, 2, Some(Topic, 1));

        Assert.Equal(2, (await store.History.ReadAll(Topic)).Count);
        Assert.Contains(store.Log, line => line.Contains("commits again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Closing_does_not_wait_for_a_server_that_is_away()
    {
        using var server = new PostgresServer();
        await using var store = new PostgresTestStore(options => options.ServerPatience = TimeSpan.FromMinutes(5), server: server);
        server.Kill();
        var append = store.History.Append(Topic, 1, Some(Topic, 1));

        var started = Stopwatch.GetTimestamp();
        await store.Close();

        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(8));
        await IsUnavailable(append);
        server.Start();
        await store.Reopen();
    }

    [Fact]
    public async Task A_backend_that_is_ended_is_replaced_and_nobody_notices()
    {
        await using var store = new PostgresTestStore();
        for (var i = 1; i <= 5; i++)
        {
            await store.History.Append(Topic, i, Some(Topic, 1));
            Assert.Equal(i, (await store.History.ReadTopicTail(Topic)).LastSeq);
            store.Sql($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{store.Name}' AND pid <> pg_backend_pid()");
        }

        Assert.Equal(5, (await store.History.ReadAll(Topic)).Count);
    }

    [Fact]
    public async Task A_write_with_a_bug_fails_alone_and_leaves_nothing_of_itself()
    {
        await using var store = new PostgresTestStore();
        var hold = await store.HoldWriter();
        var before = store.History.Append("default/a", 1, Some("default/a", 2));
        var broken = store.OnWriter(writer =>
        {
            using var command = new Npgsql.NpgsqlCommand("UPDATE topic_tail SET last_seq = 99; INSERT INTO topic (name) VALUES (NULL)", writer);
            command.ExecuteNonQuery();
        });
        var buggy = store.OnWriter(_ => throw new InvalidOperationException("a bug"));
        var after = store.History.Append("default/a", 3, Some("default/a", 2));

        await hold.Release();

        await before;
        await after;
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => broken);
        await Assert.ThrowsAsync<InvalidOperationException>(() => buggy);
        Assert.Equal(4, (await store.History.ReadTopicTail("default/a")).LastSeq);
        Assert.Equal(4, (await store.History.ReadDeviceTail("default/meter-7")).Readings);
    }

    [Fact]
    public async Task A_server_that_takes_no_writes_any_more_refuses_them_and_reads_go_on()
    {
        await using var store = new PostgresTestStore(options => options.ServerPatience = TimeSpan.Zero);
        await store.History.Append(Topic, 1, Some(Topic, 1));
        await store.OnWriter(writer => Run(writer, "SET default_transaction_read_only = on"));

        await IsUnavailable(store.History.Append(Topic, 2, Some(Topic, 1)));

        Assert.Single(await store.History.ReadAll(Topic));
        await store.History.Append(Topic, 2, Some(Topic, 1)); // on a connection of its own again
    }

    private static void Run(Npgsql.NpgsqlConnection connection, string sql)
    {
        using var command = new Npgsql.NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    private static async Task IsUnavailable(Task task) =>
        Assert.Equal(Failure.Unavailable, (await Assert.ThrowsAsync<FailureException>(() => task)).Failure);
}
