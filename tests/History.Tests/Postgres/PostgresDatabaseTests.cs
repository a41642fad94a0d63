using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Fixtures;
using OrleansIoT.History.Postgres;
using OrleansIoT.History.Tests.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Postgres;

public sealed class PostgresDatabaseTests
{
    private const string Topic = "default/t";

    [Fact]
    public async Task Of_ten_that_start_at_once_on_an_empty_database_all_do_and_one_makes_the_schema()
    {
        var server = PostgresServer.Shared;
        var database = server.CreateDatabase();

        var stores = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => new PostgresTestStore(database: database))));

        await Task.WhenAll(stores.Select((store, i) => store.History.Append($"default/{i}", 1, Some($"default/{i}", 3))));
        Assert.Equal("1", server.Ask("SELECT count(*) FROM iot.schema_version", database));
        Assert.Equal("30", server.Ask("SELECT count(*) FROM iot.reading", database));
        foreach (var store in stores)
        {
            Assert.Empty(store.Log);
            await store.DisposeAsync();
        }

        Assert.Equal("0", server.Ask("SELECT count(*) FROM iot.writer", database));
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused()
    {
        await using var store = new PostgresTestStore();
        await store.Close();
        store.Sql("UPDATE iot.schema_version SET version = 1000");

        Assert.Contains("has schema 1000, this version knows", await Refusal(() => store.Reopen()), StringComparison.Ordinal);

        store.Sql($"UPDATE iot.schema_version SET version = {Schema.Steps.Count}");
        await store.Reopen();
    }

    [Theory]
    [InlineData("fsync", "ALTER SYSTEM SET fsync = off")]
    [InlineData("full_page_writes", "ALTER SYSTEM SET full_page_writes = off")]
    [InlineData("synchronous_commit", "ALTER SYSTEM SET synchronous_commit = off")]
    public async Task A_server_that_would_lose_what_it_has_confirmed_is_refused(string setting, string change)
    {
        using var server = new PostgresServer();
        server.Sql(change);
        server.Sql("SELECT pg_reload_conf()");
        if (setting == "fsync")
        {
            server.Stop();
            server.Start("fsync=off");
        }

        await Eventually(() => server.Ask($"SHOW {setting}") == "off");

        Assert.Contains(
            $"The server's {setting} is off", await Refusal(() => Open(server.ConnectionString("postgres"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_of_another_encoding_is_refused()
    {
        var server = PostgresServer.Shared;
        server.Sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");

        Assert.Contains("LATIN1; UTF8 is needed", await Refusal(() => Open(server.ConnectionString("latin"))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1;Username=u;Password=canary;Database=d", "The PostgreSQL database d on 127.0.0.1:1 cannot be used: ")]
    [InlineData("Host=127.0.0.1;Passwrod=canary", "The PostgreSQL connection string cannot be read.")]
    [InlineData("canary", "The PostgreSQL connection string cannot be read.")]
    [InlineData("Username=u;Password=canary", "The PostgreSQL connection string names no Host.")]
    public async Task What_cannot_be_opened_says_why_in_one_line_without_the_password(string connection, string why)
    {
        var refusal = await Refusal(() => Open(connection));

        Assert.StartsWith(why, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_says_so_and_does_not_show_it()
    {
        using var server = new PostgresServer();
        server.DemandPasswords();

        var refusal = await Refusal(() => Open(server.ConnectionString("postgres") + ";Password=canary"));

        Assert.Contains("password authentication failed", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_day_from_a_week_ago_to_in_a_week_has_a_partition_and_all_time_has_one()
    {
        await using var store = new PostgresTestStore();
        var now = DateTimeOffset.UtcNow;
        DateTimeOffset[] times =
        [
            DateTimeOffset.MinValue, now.AddYears(-1), .. Enumerable.Range(-7, 15).Select(day => now.AddDays(day)),
            now.AddDays(8), DateTimeOffset.MaxValue.AddTicks(-1),
        ];

        await store.History.Append(Topic, 1, [.. times.Select(at => Reading(Topic, "x", at))]);

        Assert.Equal(times, (await store.History.ReadAll(Topic)).Select(m => m.At));
        Assert.Equal("17", store.Ask("SELECT count(DISTINCT tableoid) FROM iot.reading"));
        Assert.Equal(
            $"reading_{now:yyyyMMdd}",
            store.Ask($"SELECT tableoid::regclass::text FROM iot.reading WHERE at = {now.UtcTicks}")!.Replace("iot.", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_day_that_comes_gets_its_partition_and_takes_the_readings_of_fast_clocks_along()
    {
        await using var store = new PostgresTestStore(isFresh: true);
        var now = DateTimeOffset.UtcNow;
        DateTimeOffset[] times = [.. Enumerable.Range(6, 8).Select(day => now.AddDays(day)), now.AddYears(70)];
        await store.History.Append(Topic, 1, [.. times.Select(at => Reading(Topic, "x", at))]);
        var before = int.Parse(store.Ask("SELECT count(*) FROM iot.reading_partition")!);

        store.Sql("SET search_path = iot; SELECT make_partitions(10)"); // as if three days had gone by

        Assert.Equal(before + 3, int.Parse(store.Ask("SELECT count(*) FROM iot.reading_partition")!));
        Assert.Equal(times, (await store.History.ReadAll(Topic)).Select(m => m.At));
        Assert.Equal("4", store.Ask("SELECT count(*) FROM iot.reading_after")); // in 11, 12 and 13 days, and in 70 years
        await store.History.Append(Topic, 10, [Reading(Topic, "y", now.AddDays(9))]);
        await store.Reopen();
        Assert.Equal(10, (await store.History.ReadAll(Topic)).Count);
    }

    [Fact]
    public async Task A_read_that_is_given_up_is_ended_on_the_server_and_its_connection_goes_on()
    {
        await using var store = new PostgresTestStore(options => options.Readers = 1);
        using var cancel = new CancellationTokenSource();
        var sleeping = store.Database.Read(
            connection =>
            {
                using var command = new Npgsql.NpgsqlCommand("SELECT pg_sleep(60)", connection);
                cancel.CancelAfter(50);
                return command.ExecuteScalar();
            },
            cancel.Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleeping);

        Assert.Empty(await store.History.ReadAll(Topic));
    }

    private static async Task<string> Refusal(Func<Task> open) =>
        (await Assert.ThrowsAsync<PostgresUnusableException>(open)).Message;

    private static Task Open(string connection) => Task.Run(() =>
    {
        using var services = new ServiceCollection().AddLogging().AddPostgresHistory(connection, TestStore.NewDirectory())
            .Configure<HistoryOptions>(options => options.ServerPatience = TimeSpan.Zero)
            .BuildServiceProvider();
        services.GetRequiredService<PostgresDatabase>();
    });

    private static async Task Eventually(Func<bool> condition)
    {
        for (var i = 0; !condition() && i < 200; i++)
        {
            await Task.Delay(50); // the server reads its settings when it gets to it
        }
    }
}
