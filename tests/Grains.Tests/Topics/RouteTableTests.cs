using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Grains.Topics;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Topics;

/// <summary>The route table among silos that follow it, or do not; with a clock that the test moves, so on the embedded engine only.</summary>
public sealed class RouteTableTests : GrainTest
{
    private readonly ManualClock _clock = new(Noon);
    private readonly FakeSilos _silos = new() { Active = ["s1", "s2", "s3"] };

    [Fact]
    public async Task A_change_is_complete_when_every_silo_that_follows_has_it()
    {
        var (second, third) = (await Follows("s2"), await Follows("s3"));
        await Follows("s1");
        third.Answer = new TaskCompletionSource();

        var change = Change("s2", Entry("a"));
        await Eventually.Is(() => third.Heard.Contains("t/a"));
        Assert.False(change.IsCompleted);
        third.Answer.SetResult();

        await change;
        Assert.Empty(second.Heard); // it has it already
    }

    [Fact]
    public async Task A_silo_that_was_lost_is_waited_for_as_long_as_its_lease_lasts_and_no_longer()
    {
        var (lost, change) = await TellWhatIsNotAnswered();
        _clock.Advance(RouteTables.Lease);
        Assert.False(change.IsCompleted);

        await Until(change);
        var lease = await Ask("s2", lost, told: 0); // it is back, and has missed something
        Assert.True(lease.MustRead);
    }

    [Fact]
    public async Task A_silo_that_was_given_up_and_woke_up_is_not_heard_any_more()
    {
        var woken = await Follows("s2");
        _silos.Dead = "s2";
        await Refused(Failure.Unavailable, () => Ask("s2", woken, told: 0));
    }

    [Fact]
    public async Task The_silo_of_the_table_is_not_heard_while_it_hears_none_of_the_others()
    {
        var own = await Follows("s1");
        var other = await Follows("s2");
        _clock.Advance(RouteTables.Hearing + TimeSpan.FromMilliseconds(100)); // cut off from all, and perhaps given up

        await Refused(Failure.Unavailable, () => Ask("s1", own, told: 0));

        await Ask("s2", other, told: 0);
        await Ask("s1", own, told: 0);
        _silos.Active = ["s1"];
        _clock.Advance(TimeSpan.FromMinutes(1));
        await Ask("s1", own, told: 0);
    }

    [Fact]
    public async Task A_table_that_is_young_waits_for_every_active_silo_because_it_may_go_by_the_table_before()
    {
        await Follows("s1");
        await Follows("s2");

        var change = Change("s2", Entry("a"));
        _clock.Advance(RouteTables.Lease + TimeSpan.FromSeconds(1));
        Assert.False(change.IsCompleted);
        var third = await Follows("s3");
        await Until(change);
        Assert.Contains("t/a", third.Heard);
    }

    [Fact]
    public async Task After_that_one_that_has_not_followed_is_not_waited_for()
    {
        await Follows("s1");
        await Follows("s2");
        var change = Change("s2", Entry("a"));
        _clock.Advance(RouteTables.Lease + TimeSpan.FromSeconds(3));
        await Until(change);
    }

    [Fact]
    public async Task A_silo_that_leaves_is_not_waited_for()
    {
        var (_, change) = await TellWhatIsNotAnswered();

        await AsSystem(() => Table.Leave("s2"));
        await Until(change);
    }

    [Fact]
    public async Task Nor_is_one_that_could_not_be_told_any_more_before_it_left()
    {
        var (leaves, change) = await TellWhatIsNotAnswered();

        _silos.Active = ["s1", "s3"];
        await AsSystem(() => Table.Leave("s2"));
        leaves.Answer!.SetException(new InvalidOperationException("It does not take calls any more."));
        await Until(change, atMost: RouteTables.Lease / 2);
    }

    [Fact]
    public async Task A_silo_reads_what_was_said_before_it_came()
    {
        await Follows("s1");
        await Follows("s2");
        var third = new Replica();
        var change = Change("s2", Entry("a"));
        var lease = await Ask("s3", third, told: 0);
        await Until(change);
        Assert.True(lease.MustRead);
        foreach (var silo in _silos.Active)
        {
            await Ask(silo, third, told: lease.Epoch);
        }

        var page = await AsSystem(() => Table.Read("s3", 0));
        Assert.Equal("t/a", Assert.Single(page.Entries).Session);
        Assert.False((await Ask("s3", third, told: lease.Epoch)).MustRead);
    }

    [Fact]
    public async Task A_table_that_hears_of_a_later_one_gives_way_and_the_next_one_is_later_still()
    {
        var follower = await Follows("s2");
        await Follows("s1");
        await Follows("s3");
        var epoch = (await Ask("s1", new Replica(), 0)).Epoch;
        follower.Answer = null;
        follower.Refusal = new FailureException(Failure.Conflict, "A later route table is followed.");

        await Refused(Failure.Unavailable, () => Change("s3", Entry("a")));
        RouteLease? next = null;
        await Eventually.IsAsync(async () => (next = await TryAsk("s1")) is not null);
        Assert.True(next!.Epoch > epoch);
    }

    [Fact]
    public async Task It_begins_on_the_oldest_silo_only()
    {
        _silos.Active = ["s0", "s1"];
        await Refused(Failure.Unavailable, () => Ask("s1", new Replica(), 0));
        _silos.Active = ["s1", "s2"];
        Assert.True((await Ask("s1", new Replica(), 0)).Epoch > 0);
    }

    [Fact]
    public async Task An_edge_that_is_silent_is_dead_for_everybody_and_may_not_come_back_by_that_name()
    {
        var replica = await Follows("s2");
        Assert.Equal(_silos.Active.AsEnumerable(), (await KeepEdge("edge")).AsEnumerable());
        await KeepEdge("other");
        ImmutableArray<string> dead = [];
        await Eventually.IsAsync(async () =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await KeepEdge("other");
            return !(dead = (await Ask("s2", replica, 0)).DeadEdges).IsEmpty;
        });

        Assert.Equal(["edge"], dead.AsEnumerable());
        await Refused(Failure.Conflict, () => KeepEdge("edge"));
        await KeepEdge("other");
    }

    protected override void Configure(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<TimeProvider>(_clock);
        builder.Services.AddSingleton<ISilos>(_silos);
    }

    private IRouteTableGrain Table => Grains.RouteTable();

    private static RouteEntry Entry(string session) => new(
        $"t/{session}", 1, "s3", IsDurable: true, null, null, [], [new Subscription("a/#", Qos.AtLeastOnce)]);

    private async Task<Replica> Follows(string silo)
    {
        var replica = new Replica();
        await Ask(silo, replica, told: 0);
        return replica;
    }

    private Task<RouteLease> Ask(string silo, Replica replica, long told) =>
        AsSystem(() => Table.Follow(silo, Grains.CreateObjectReference<IRouteReplica>(replica), told));

    private async Task<RouteLease?> TryAsk(string silo)
    {
        try
        {
            return await Ask(silo, new Replica(), 0);
        }
        catch (FailureException e) when (e.Failure == Failure.Unavailable)
        {
            return null; // it is still giving way
        }
    }

    /// <returns>The silo s2, which has heard of a route and does not say so, and the change that waits for it.</returns>
    private async Task<(Replica Silent, Task Change)> TellWhatIsNotAnswered()
    {
        var silent = await Follows("s2");
        await Follows("s1");
        await Follows("s3");
        silent.Answer = new TaskCompletionSource();
        var change = Change("s3", Entry("a"));
        await Eventually.Is(() => silent.Heard.Contains("t/a"));
        return (silent, change);
    }

    private Task<bool> Change(string silo, params RouteEntry[] entries) => AsSystem(async () =>
    {
        await Table.Change(silo, [.. entries]);
        return true;
    });

    private Task<ImmutableArray<string>> KeepEdge(string edge) =>
        As(Caller.SigningIn(GrainKey.SystemTenant, "edge"), () => Table.KeepEdge(edge));

    private static Task AsSystem(Func<Task> calls) => As(Caller.System(GrainKey.SystemTenant, "routes"), calls).WaitAsync(TimeSpan.FromSeconds(60));

    private static Task<T> AsSystem<T>(Func<Task<T>> calls) =>
        As(Caller.System(GrainKey.SystemTenant, "routes"), calls).WaitAsync(TimeSpan.FromSeconds(60));

    private async Task Until(Task done, TimeSpan? atMost = null)
    {
        var step = TimeSpan.FromMilliseconds(50);
        var left = atMost ?? TimeSpan.MaxValue;
        await Eventually.IsAsync(() =>
        {
            if (left > step)
            {
                left -= step;
                _clock.Advance(step); // while turns go on, and calls have time limits of the same clock
            }

            return Task.FromResult(done.IsCompleted);
        });
        await done;
    }

    private sealed class FakeSilos : ISilos
    {
        public string Self => "s1";

        public ImmutableArray<string> Active { get; set; }

        public string? Dead { get; set; }

        public bool IsDead(string silo) => silo == Dead;
    }

    /// <summary>The routes of a silo that is not there.</summary>
    private sealed class Replica : IRouteReplica
    {
        // The engine holds observers weakly.
        private static readonly List<Replica> Alive = [];

        private readonly List<string> _heard = [];

        public Replica()
        {
            lock (Alive)
            {
                Alive.Add(this);
            }
        }

        /// <summary>What it waits for before it says that it knows.</summary>
        public TaskCompletionSource? Answer { get; set; }

        public Exception? Refusal { get; set; }

        public IReadOnlyList<string> Heard
        {
            get
            {
                lock (_heard)
                {
                    return [.. _heard];
                }
            }
        }

        public Task Apply(long epoch, ImmutableArray<RouteEntry> entries)
        {
            lock (_heard)
            {
                _heard.AddRange(entries.Select(entry => entry.Session));
            }

            return Refusal is not null ? throw Refusal : Answer?.Task ?? Task.CompletedTask;
        }
    }
}
