using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Sessions;

public abstract partial class SessionStoreContract
{
    [Fact]
    public async Task A_queued_message_comes_back_with_everything_that_a_subscriber_is_told()
    {
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        await History.Append(
            Topic, 1, [Full, Full with { Retain = true, Properties = null, Payload = default }],
            Effects([To(Session, 0, Qos.ExactlyOnce, retain: true, 268_435_455, 1, 1), To(Session, 1)]));

        await Reopen();

        var queue = await Sessions.ReadWhole(Session);
        Assert.Equal([1, 2], queue.Select(q => q.Number));
        Assert.Equal((Full with { Seq = 1 }).Describe(), queue[0].Message!.Describe());
        Assert.Equal((Qos.ExactlyOnce, true), (queue[0].Qos, queue[0].Retain));
        Assert.Equal<uint>([268_435_455, 1, 1], queue[0].SubscriptionIds);
        Assert.Equal(
            (Full with { Retain = true, Properties = null, Payload = default, Seq = 2 }).Describe(), queue[1].Message!.Describe());
        Assert.Equal((Qos.AtLeastOnce, false), (queue[1].Qos, queue[1].Retain));
        Assert.Empty(queue[1].SubscriptionIds);
    }

    [Fact]
    public async Task What_a_publisher_did_not_say_stays_unsaid()
    {
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        var message = Full with { Properties = new MessageProperties(null, null, "text/plain", null, null, []) };
        await History.Append(Topic, 1, [message], Effects([To(Session, 0)]));

        var properties = Assert.Single(await Sessions.ReadWhole(Session)).Message!.Properties!;

        Assert.Equal(("text/plain", null, null, null), (properties.ContentType, properties.IsUtf8, properties.ExpiresAfter, properties.ResponseTopic));
        Assert.False(properties.CorrelationData.HasValue);
        Assert.Empty(properties.User);
    }

    [Fact]
    public async Task An_append_tells_the_number_of_each_message_in_its_queue_and_0_where_there_is_none()
    {
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        await Sessions.Open(Other, "other", 60, null, isNew: true);
        await Enqueue(Other, "before");

        var numbers = await History.Append(
            Topic, 1, Some(Topic, 3),
            Effects([To(Session, 0), To("default/nobody/x", 0), To(Other, 0), To(Session, 2), To(Other, 2), To("default/nobody/x", 2)]));

        Assert.Equal<long>([1, 0, 2, 2, 3, 0], numbers);
        Assert.Equal(["0", "2"], await Texts(Session));
        Assert.Equal(["before", "0", "2"], await Texts(Other));
        Assert.Empty(await History.Append(Topic, 4, Some(Topic, 1), Effects()));
        Assert.Empty(await History.Append(Topic, 5, Some(Topic, 1)));
    }

    [Fact]
    public async Task One_message_goes_to_a_thousand_queues_in_one_append()
    {
        var sessions = Enumerable.Range(0, 1_000).Select(i => $"default/reader-{i}/c").ToArray();
        await Task.WhenAll(sessions.Select(session => Sessions.Open(session, "c", ForEver, null, isNew: true)));

        var numbers = await History.Append(Topic, 1, [Full], Effects(sessions.Select(session => To(session, 0))));

        Assert.Equal(Enumerable.Repeat(1L, 1_000), numbers);
        foreach (var session in sessions)
        {
            Assert.Equal((Full with { Seq = 1 }).Describe(), Assert.Single(await Sessions.ReadWhole(session)).Message!.Describe());
        }
    }

    [Fact]
    public async Task A_queue_is_read_in_pages_by_number_count_and_bytes()
    {
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        await Enqueue(Session, "1", "2", "3", new string('x', 100_000), "5");

        Assert.Equal([1, 2], await Page(after: 0, count: 2, bytes: 1 << 20));
        Assert.Equal([3, 4, 5], await Page(after: 2, count: 1_000, bytes: 1 << 20));
        Assert.Equal([1, 2, 3], await Page(after: 0, count: 1_000, bytes: 10_000));
        Assert.Equal([4], await Page(after: 3, count: 1_000, bytes: 10_000));
        Assert.Empty(await Page(after: 5, count: 1_000, bytes: 1 << 20));
        Assert.Empty(await Sessions.ReadQueue("default/nobody/x", 0, 1_000, 1 << 20));

        async Task<IEnumerable<long>> Page(long after, int count, int bytes) =>
            (await Sessions.ReadQueue(Session, after, count, bytes)).Select(q => q.Number);
    }

    [Fact]
    public async Task A_settled_message_leaves_the_queue_and_a_released_one_stays_without_its_contents()
    {
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        await Enqueue(Session, "1", "2", "3", "4");

        await Sessions.Settle(Session, [new(2, IsComplete: true), new(3, IsComplete: false), new(99, true), new(98, false)]);
        await Sessions.Settle(Session, [new(2, IsComplete: true), new(3, IsComplete: false)]);
        await Reopen();

        var queue = await Sessions.ReadWhole(Session);
        Assert.Equal([(1, "1"), (3, null), (4, "4")], queue.Select(q => (q.Number, q.Message?.Text())));
        Assert.Equal(Qos.ExactlyOnce, queue[1].Qos);
        Assert.Equal(3, (await Sessions.Find(Session))!.Queued);

        await Sessions.Settle(Session, [new(3, IsComplete: true)]);
        Assert.Equal(["1", "4"], await Texts(Session));
        Assert.Equal(2, (await Sessions.Find(Session))!.Queued);
    }

    [Fact]
    public async Task Numbers_go_on_when_everything_was_settled_and_after_a_restart()
    {
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        Assert.Equal<long>([1, 2], await Enqueue(Session, "1", "2"));
        await Sessions.Settle(Session, [new(1, true), new(2, true)]);
        Assert.Equal<long>([3], await Enqueue(Session, "3"));
        await Sessions.Settle(Session, [new(3, true)]);

        await Reopen();
        await Sessions.Open(Session, "c", 60, null, isNew: false);

        Assert.Equal<long>([4], await Enqueue(Session, "4"));
        Assert.Equal(4, (await Sessions.Find(Session))!.Last);
    }

    [Fact]
    public async Task A_queue_of_many_messages_drops_the_oldest_and_counts_them()
    {
        await Reopen(options => options.SessionQueueMessages = 3);
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        await Sessions.Open(Other, "other", 60, null, isNew: true);
        await Enqueue(Other, "theirs");

        await Enqueue(Session, "1", "2");
        Assert.Equal<long>([3, 4], await Enqueue(Session, "3", "4"));
        Assert.Equal(["2", "3", "4"], await Texts(Session));
        Assert.Equal<long>([5, 6, 7, 8, 9], await Enqueue(Session, "5", "6", "7", "8", "9"));
        await Reopen();

        Assert.Equal(["7", "8", "9"], await Texts(Session));
        var session = (await Sessions.Find(Session))!;
        Assert.Equal((3, 6, 9), (session.Queued, session.Dropped, session.Last));
        Assert.Equal(["theirs"], await Texts(Other));
        Assert.Equal(0, (await Sessions.Find(Other))!.Dropped);
    }

    [Fact]
    public async Task A_queue_of_many_bytes_drops_the_oldest_and_one_message_that_is_too_large_itself()
    {
        await Reopen(options => options.SessionQueueBytes = 4_000);
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        var kilobyte = new string('x', 1_000);

        await Enqueue(Session, "small", kilobyte, kilobyte, "3");
        Assert.Equal(4, (await Sessions.Find(Session))!.Queued);
        await Enqueue(Session, kilobyte, kilobyte);
        Assert.Equal([kilobyte, "3", kilobyte, kilobyte], await Texts(Session));
        Assert.Equal(2, (await Sessions.Find(Session))!.Dropped);

        // Settled bytes are free again.
        await Sessions.Settle(Session, [new(3, true), new(5, IsComplete: false)]);
        await Enqueue(Session, kilobyte, kilobyte);
        Assert.Equal(["3", null, kilobyte, kilobyte, kilobyte], await Texts(Session));
        Assert.Equal(2, (await Sessions.Find(Session))!.Dropped);

        await Enqueue(Session, new string('x', 5_000));
        Assert.Equal([null], await Texts(Session));
        var session = (await Sessions.Find(Session))!;
        Assert.Equal((1, 7, 9), (session.Queued, session.Dropped, session.Last));
    }

    [Fact]
    public async Task What_is_released_is_never_dropped()
    {
        await Reopen(options => options.SessionQueueMessages = 3);
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        await Enqueue(Session, "1", "2", "3");
        await Sessions.Settle(Session, [new(1, IsComplete: false)]);

        await Enqueue(Session, "4", "5");
        Assert.Equal([(1, null), (4, "4"), (5, "5")], await Queue());

        await Sessions.Settle(Session, [new(4, IsComplete: false), new(5, IsComplete: false)]);
        Assert.Equal<long>([6], await Enqueue(Session, "has no room"));
        Assert.Equal([(1, null), (4, null), (5, null)], await Queue());
        Assert.Equal(3, (await Sessions.Find(Session))!.Dropped);

        await Sessions.Settle(Session, [new(1, true), new(4, true), new(5, true)]);
        Assert.Equal<long>([7, 8, 9], await Enqueue(Session, "7", "8", "9"));
        Assert.Equal([(7, "7"), (8, "8"), (9, "9")], await Queue());

        async Task<IEnumerable<(long, string?)>> Queue() =>
            (await Sessions.ReadWhole(Session)).Select(q => (q.Number, q.Message?.Text()));
    }

    [Fact]
    public async Task Retained_messages_of_a_subscription_are_queued_with_their_flag_behind_what_is_there()
    {
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        await Enqueue(Session, "1");

        Assert.Equal(3, await Sessions.Enqueue(
            Session, [(Full with { Seq = 9 }, Qos.AtLeastOnce, [7]), (Reading(Topic, "3"), Qos.ExactlyOnce, [])]));

        var queue = await Sessions.ReadWhole(Session);
        Assert.Equal([false, true, true], queue.Select(q => q.Retain));
        Assert.Equal([Qos.ExactlyOnce, Qos.AtLeastOnce, Qos.ExactlyOnce], queue.Select(q => q.Qos));
        Assert.Equal((Full with { Seq = 9 }).Describe(), queue[1].Message!.Describe());
        Assert.Equal<uint>([7], queue[1].SubscriptionIds);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_happens_to_a_queue_it_is_as_a_simple_list_says(int seed)
    {
        const int Bound = 8;
        var random = new Random(seed);
        var model = new List<(long Number, string? Text)>();
        long last = 0, dropped = 0;
        await Reopen(options => options.SessionQueueMessages = Bound);
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        for (var step = 0; step < 200; step++)
        {
            switch (random.Next(8))
            {
                case < 4:
                    var payloads = Enumerable.Range(1, random.Next(1, 12)).Select(i => $"{last + i}").ToArray();
                    Assert.Equal(payloads, (await Enqueue(Session, payloads)).Select(number => $"{number}"));
                    model.AddRange(payloads.Select(payload => (++last, (string?)payload)));
                    for (int oldest; model.Count > Bound && (oldest = model.FindIndex(m => m.Text is not null)) >= 0; dropped++)
                    {
                        model.RemoveAt(oldest);
                    }

                    break;
                case < 7:
                    var settlements = Enumerable.Range(0, random.Next(1, 5))
                        .Select(_ => new Settlement(last - random.Next(12), random.Next(3) > 0)).ToArray();
                    await Sessions.Settle(Session, settlements);
                    foreach (var (number, isComplete) in settlements)
                    {
                        var at = model.FindIndex(m => m.Number == number);
                        if (at >= 0 && isComplete)
                        {
                            model.RemoveAt(at);
                        }
                        else if (at >= 0)
                        {
                            model[at] = (number, null);
                        }
                    }

                    break;
                default:
                    if (random.Next(5) == 0)
                    {
                        await Reopen();
                    }

                    break;
            }

            Assert.Equal(model, (await Sessions.ReadWhole(Session)).Select(q => (q.Number, q.Message?.Text())));
            var session = (await Sessions.Find(Session))!;
            Assert.Equal((model.Count, dropped, last), (session.Queued, session.Dropped, session.Last));
        }
    }
}
