using OrleansIoT.Failures;
using OrleansIoT.History.Sqlite;
using SQLitePCL;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests;

public sealed class GroupCommitTests
{
    private const string Topic = "default/t";

    [Fact]
    public async Task What_arrives_during_a_commit_goes_into_the_next_one()
    {
        await using var store = new TestStore();
        var hold = await store.HoldWriter();
        var appends = Enumerable.Range(1, 1_000).Select(i => store.History.Append(Topic, i, Some(Topic, 1))).ToArray();

        await hold.Release();
        await Task.WhenAll(appends);

        Assert.Equal(2, store.Commits);
    }

    [Fact]
    public async Task All_kinds_of_writes_share_a_commit()
    {
        await using var store = new TestStore();
        var hold = await store.HoldWriter();
        Task[] writes =
        [
            store.History.Append(Topic, 1, Some(Topic, 1)),
            store.Names.Put("default/devices", new("meter-7", "meter-7", "")),
            store.States.WriteStateAsync("state", GrainId.Create("device", "default/meter-7"), new GrainState<int> { State = 1 }),
        ];

        await hold.Release();
        await Task.WhenAll(writes);

        Assert.Equal(2, store.Commits);
    }

    [Fact]
    public async Task A_write_waits_for_nobody_when_nobody_writes()
    {
        await using var store = new TestStore();

        for (var i = 1; i <= 5; i++)
        {
            await store.History.Append(Topic, i, Some(Topic, 1));
        }

        Assert.Equal(5, store.Commits);
    }

    [Fact]
    public async Task A_write_is_complete_and_visible_only_after_its_commit()
    {
        await using var store = new TestStore();
        Task? append = null;
        (bool Complete, int Visible)? beforeCommit = null;
        await store.OnWriter(writer => raw.sqlite3_commit_hook(
            writer.Handle,
            _ =>
            {
                if (append is not null)
                {
                    // The writer stands between the last statement and COMMIT.
                    beforeCommit = (append.IsCompleted, store.History.ReadAll(Topic).Result.Count);
                }

                return 0;
            },
            null));

        var hold = await store.HoldWriter();
        append = store.History.Append(Topic, 1, Some(Topic, 1));
        await hold.Release();
        await append;

        Assert.Equal((false, 0), beforeCommit);
        Assert.Single(await store.History.ReadAll(Topic));
    }

    [Fact]
    public async Task A_refused_write_fails_alone()
    {
        await using var store = new TestStore();
        var hold = await store.HoldWriter();
        var before = store.History.Append("default/a", 1, Some("default/a", 2));
        var conflict = store.History.Append(Topic, 7, Some(Topic, 2));
        var after = store.History.Append("default/b", 1, Some("default/b", 2));

        await hold.Release();

        await before;
        await after;
        await Assert.ThrowsAsync<SequenceConflictException>(() => conflict);
        Assert.Equal(2, store.Commits);
        Assert.Equal(4, (await store.History.ReadDeviceTail("default/meter-7")).Readings);
    }

    [Fact]
    public async Task A_write_with_a_bug_fails_alone_and_leaves_nothing_of_itself()
    {
        await using var store = new TestStore();
        var hold = await store.HoldWriter();
        var before = store.History.Append("default/a", 1, Some("default/a", 2));
        var broken = store.OnWriter(writer =>
        {
            writer.Execute("UPDATE topic SET last_seq = 99");
            writer.Execute("INSERT INTO topic (name, last_seq) VALUES (NULL, 0)");
        });
        var buggy = store.OnWriter(_ => throw new InvalidOperationException("a bug"));
        var after = store.History.Append("default/a", 3, Some("default/a", 2));

        await hold.Release();

        await before;
        await after;
        await Assert.ThrowsAsync<SqliteException>(() => broken);
        await Assert.ThrowsAsync<InvalidOperationException>(() => buggy);
        Assert.Equal(4, (await store.History.ReadTopicTail("default/a")).LastSeq);
        Assert.Equal(4, (await store.History.ReadDeviceTail("default/meter-7")).Readings);
    }

    [Fact]
    public async Task A_transaction_takes_no_more_than_its_limit()
    {
        await using var store = new TestStore(options => options.TransactionBytes = 10_000);
        var payload = new string('x', 4_900);
        var hold = await store.HoldWriter();
        var appends = Enumerable.Range(1, 10)
            .Select(i => store.History.Append(Topic, i, [Reading(Topic, payload)])).ToArray();

        await hold.Release();
        await Task.WhenAll(appends);

        Assert.Equal(1 + 5, store.Commits);
    }

    [Fact]
    public async Task A_write_above_the_limit_of_a_transaction_has_one_to_itself()
    {
        await using var store = new TestStore(options => options.TransactionBytes = 10);

        await store.History.Append(Topic, 1, Some(Topic, 100));

        Assert.Equal(100, (await store.History.ReadAll(Topic)).Count);
    }

    [Fact]
    public async Task Beyond_the_limit_of_the_queue_writes_are_refused_and_none_before_them_is_lost()
    {
        await using var store = new TestStore(options => options.QueueBytes = 100_000);
        var payload = new string('x', 1_000);
        var hold = await store.HoldWriter();
        var appends = Enumerable.Range(1, 200)
            .Select(i => store.History.Append(Topic, i, [Reading(Topic, payload)])).ToArray();

        var refused = appends.Where(append => append.IsCompleted).ToArray();
        Assert.InRange(refused.Length, 100, 110);
        await hold.Release();

        foreach (var append in refused)
        {
            Assert.Equal(Failure.Unavailable, (await Assert.ThrowsAsync<FailureException>(() => append)).Failure);
        }

        await Task.WhenAll(appends.Except(refused));
        Assert.Equal(200 - refused.Length, (await store.History.ReadTopicTail(Topic)).LastSeq);
    }

    [Fact]
    public async Task Closing_stores_what_waits_and_refuses_what_comes_later()
    {
        await using var store = new TestStore();
        var history = store.History;
        var hold = await store.HoldWriter();
        var waiting = history.Append(Topic, 1, Some(Topic, 3));

        var closing = Task.Run(store.Close);
        await hold.Release();
        await closing;

        await waiting;
        var late = await Assert.ThrowsAsync<FailureException>(() => history.Append(Topic, 4, Some(Topic, 1)));
        Assert.Equal(Failure.Unavailable, late.Failure);
        await store.Reopen();
        Assert.Equal(3, (await store.History.ReadTopicTail(Topic)).LastSeq);
    }

    [Fact]
    public async Task Whoever_waits_does_not_go_on_on_the_writers_thread()
    {
        await using var store = new TestStore();
        var writer = 0;
        await store.OnWriter(_ => writer = Environment.CurrentManagedThreadId);

        Assert.NotEqual(writer, Environment.CurrentManagedThreadId);
    }
}
