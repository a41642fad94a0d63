using System.Threading.Channels;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Tests.Topics;

public sealed class WatchTests : StoreTest
{
    private const string Topic = "devices/meter/t";

    private ITopicGrain Grain => Grains.Topic(Tenant, Topic);

    [Fact]
    public async Task Who_watches_hears_what_is_stored_from_then_on_with_its_numbers()
    {
        await Publish("meter", Timed("meter", 1, "before"));
        var (watcher, reference) = Watcher();
        Assert.Equal(1, await Watch(reference));
        await Publish("meter", Timed("meter", 3, "a"), Timed("meter", 2, "late"));
        var heard = await watcher.Next();
        Assert.Equal((Tenant, Topic, 2L), (heard.Tenant, heard.Topic, heard.FirstSeq));
        Assert.Equal(["a", "late"], heard.Messages.Select(Text));
    }

    [Fact]
    public async Task A_redelivery_is_not_heard_and_takes_no_number()
    {
        var (watcher, reference) = Watcher();
        await Publish("meter", Timed("meter", 1, "a"));
        await Watch(reference);
        await Publish("meter", Timed("meter", 1, "a"), Timed("meter", 2, "b"));
        await Publish("meter", Timed("meter", 2, "b"));
        await Publish("meter", Timed("meter", 3, "c"));
        Assert.Equal((2L, "b"), await watcher.NextOne());
        Assert.Equal((3L, "c"), await watcher.NextOne());
    }

    [Fact]
    public async Task Numbers_have_no_gap_and_no_double_when_many_publish_at_once()
    {
        const int devices = 8, batches = 25;
        for (var d = 0; d < devices; d++)
        {
            await Register($"d{d}", "shared");
            await Connect($"d{d}");
        }

        var publishing = Task.WhenAll(Enumerable.Range(0, devices).Select(async d =>
        {
            for (var b = 0; b < batches; b++)
            {
                Assert.Empty((await Publish($"d{d}", Said($"d{d}", "shared", $"{d}:{b}"))).Failures);
            }
        }));
        var (watcher, reference) = Watcher();
        var last = await As(User(Roles.Viewer), () => Grains.Topic(Tenant, "shared").Watch(reference)); // in the middle of it
        await publishing;
        var stored = (await Stored("shared")).OrderBy(message => message.Seq).ToList();
        while (last < devices * batches)
        {
            var heard = await watcher.Next();
            for (var i = 0; i < heard.Messages.Length; i++)
            {
                var seq = heard.FirstSeq + i;
                if (seq > last) // what was under way when it began to watch, it may hear
                {
                    Assert.Equal(last + 1, seq);
                    Assert.Equal(Text(stored[(int)seq - 1]), Text(heard.Messages[i]));
                    last = seq;
                }
            }
        }
    }

    [Fact]
    public async Task What_could_not_be_stored_is_not_heard_and_who_watches_again_misses_nothing()
    {
        var (watcher, reference) = Watcher();
        await Publish("meter", Timed("meter", 1, "a"));
        await Watch(reference);
        History.IsBroken = true;
        Assert.Single((await Publish("meter", Timed("meter", 2, "lost"))).Failures);
        History.IsBroken = false;
        await Publish("meter", Timed("meter", 3, "unheard")); // the activation that knew of the watcher has given way
        Assert.Equal(2, await Watch(reference));
        Assert.Equal("unheard", Text(Assert.Single(await After(1))));
        await Publish("meter", Timed("meter", 4, "b"));
        Assert.Equal((3L, "b"), await watcher.NextOne());
    }

    [Fact]
    public async Task Who_watches_no_more_hears_nothing()
    {
        var (watcher, reference) = Watcher();
        var (other, otherReference) = Watcher();
        await Watch(reference);
        await Watch(otherReference);
        await As(User(Roles.Viewer), () => Grain.Unwatch(reference));
        await Publish("meter", Timed("meter", 1, "a"));
        Assert.Equal((1L, "a"), await other.NextOne());
        Assert.False(watcher.HasNext);
    }

    [Fact]
    public async Task A_watcher_that_fails_hurts_nobody_and_hears_again_when_it_watches_again()
    {
        var (bad, badReference) = Watcher();
        var (good, goodReference) = Watcher();
        await Watch(badReference);
        await Watch(goodReference);
        bad.IsBroken = true;
        await Publish("meter", Timed("meter", 1, "a"));
        Assert.Equal((1L, "a"), await good.NextOne());
        bad.IsBroken = false;
        Assert.Equal(1, await Watch(badReference));
        await Publish("meter", Timed("meter", 2, "b"));
        Assert.Equal((2L, "b"), await good.NextOne());
        Assert.Equal((2L, "b"), await bad.NextOne());
    }

    [Fact]
    public async Task A_topic_that_is_not_granted_tells_nothing_and_has_nothing()
    {
        await Publish("meter", Timed("meter", 1, "a"));
        var (watcher, reference) = Watcher();
        var narrowed = User(Roles.Viewer) with { Grants = ["others/#"] };
        Assert.Equal(0, await As(narrowed, () => Grain.Watch(reference)));
        Assert.Empty(await As(narrowed, () => Grain.ReadAfter(0, 10)));
        await Publish("meter", Timed("meter", 2, "b"));
        Assert.Equal(2, (await After(0)).Length);
        Assert.False(watcher.HasNext);
    }

    [Fact]
    public async Task Who_may_not_read_may_not_watch()
    {
        var (_, reference) = Watcher();
        await Refused(Failures.Failure.Forbidden, () => As(User(Roles.None), () => Grain.Watch(reference)));
        await Refused(Failures.Failure.Forbidden, () => As(User(Roles.None), () => Grain.ReadAfter(0, 1)));
        await Refused(Failures.Failure.NotFound, () => As(User(Roles.Admin, "other"), () => Grain.Watch(reference)));
        await Refused(Failures.Failure.Invalid, () => As(User(Roles.Viewer), () => Grain.ReadAfter(0, 0)));
    }

    [Fact]
    public async Task A_page_says_up_to_which_number_it_has_looked()
    {
        await Publish("meter", Timed("meter", 1, "1"), Timed("meter", 2, "2"));
        var all = new TelemetryQuery(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, 1);
        Assert.Equal(2, (await As(User(Roles.Viewer), () => Grain.Read(all)))!.LastSeq);
        Assert.Equal(2, (await As(User(Roles.Viewer), () => Grain.Points(new PointQuery(all.Start, all.End, 10, null))))!.LastSeq);
        Assert.True(BucketWidth.TryParse("1d", out var day, out _));
        Assert.Equal(2, (await As(User(Roles.Viewer), () => Grain.Aggregate(new AggregateQuery(all.Start, all.End, day, "UTC", null, 10))))!.LastSeq);
        await Host.Restart();
        Assert.Equal(2, (await As(User(Roles.Viewer), () => Grain.Read(all)))!.LastSeq);
    }

    private Task<long> Watch(ITopicObserver reference) => As(User(Roles.Viewer), () => Grain.Watch(reference));

    private async Task<TelemetryMessage[]> After(long seq) => [.. await As(User(Roles.Viewer), () => Grain.ReadAfter(seq, 10))];

    private (TestWatcher Watcher, ITopicObserver Reference) Watcher()
    {
        var watcher = new TestWatcher();
        return (watcher, Grains.CreateObjectReference<ITopicObserver>(watcher));
    }

    private sealed class TestWatcher : ITopicObserver
    {
        // The engine holds observers weakly.
        private static readonly List<TestWatcher> Alive = [];

        private readonly Channel<AppendedReadings> _heard = Channel.CreateUnbounded<AppendedReadings>();

        public TestWatcher()
        {
            lock (Alive)
            {
                Alive.Add(this);
            }
        }

        public bool IsBroken { get; set; }

        public bool HasNext => _heard.Reader.TryPeek(out _);

        public Task Appended(AppendedReadings readings)
        {
            if (IsBroken)
            {
                throw new InvalidOperationException("The gateway is broken.");
            }

            _heard.Writer.TryWrite(readings);
            return Task.CompletedTask;
        }

        public async Task<AppendedReadings> Next()
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            return await _heard.Reader.ReadAsync(patience.Token);
        }

        public async Task<(long Seq, string Payload)> NextOne() => await Next() is var next ? (next.FirstSeq, Text(Assert.Single(next.Messages))) : default;
    }
}
