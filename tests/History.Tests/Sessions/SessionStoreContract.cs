using System.Collections.Immutable;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Sessions;

/// <summary>What every <see cref="ISessionStore"/> keeps, with the history beside it; each store inherits it.</summary>
public abstract partial class SessionStoreContract : IAsyncLifetime
{
    private const string Publisher = "default/meter-7";
    private const string Session = $"{Publisher}/c";
    private const string Other = $"{Publisher}/other";
    private const string Topic = "default/devices/meter-7/power";
    private const uint ForEver = uint.MaxValue;

    /// <summary>The store under test; another object after <see cref="Reopen"/>, as the history is.</summary>
    protected abstract ISessionStore Sessions { get; }

    protected abstract ITelemetryHistory History { get; }

    /// <summary>A message with every member that a subscriber is told, and bytes that are no text.</summary>
    private static TelemetryMessage Full => Reading(Topic) with
    {
        Device = "users/42",
        Payload = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray(),
        At = Noon.AddTicks(1),
        ReceivedAt = Noon.AddMinutes(3).AddTicks(7),
        HasOwnTime = true,
        PacketId = 0,
        Qos = Qos.ExactlyOnce,
        Properties = new MessageProperties(
            IsUtf8: false,
            ExpiresAfter: 4_294_967_295,
            "application/x-温度",
            "answers/\uFEFF🌡",
            Enumerable.Range(0, 256).Select(i => (byte)~i).ToArray(),
            [new("b", "2"), new("a", "1"), new("b", "2"), new("", ""), new("b", new string('x', 60_000))]),
    };

    public abstract Task InitializeAsync();

    public abstract Task DisposeAsync();

    /// <summary>Closes the store and opens it again, with other options if they are given.</summary>
    protected abstract Task Reopen(Action<HistoryOptions>? configure = null);

    [Fact]
    public async Task Sessions_are_found_by_the_edge_that_they_are_connected_to()
    {
        await Sessions.Open(Session, "c", 60, null, isNew: true, "edge-1");
        await Sessions.Open("default/meter-8/c", "c", 60, null, isNew: true, "edge-2");
        await Sessions.Open("default/meter-9/c", "c", 60, null, isNew: true, "edge-1");
        await Sessions.Close("default/meter-9/c", 60, null, null, 0);

        Assert.Equal(["edge-1", "edge-2"], (await Sessions.ReadEdges()).Order());
        Assert.Equal([Session], await Sessions.ReadConnected("edge-1", 10));
        Assert.Empty(await Sessions.ReadConnected("edge-3", 10));

        await Sessions.Open(Session, "c", 60, null, isNew: false, "edge-2");
        Assert.Single(await Sessions.ReadConnected("edge-2", 1));
        Assert.Equal(["edge-2"], await Sessions.ReadEdges());
    }

    [Fact]
    public async Task A_session_comes_back_as_it_was_opened()
    {
        var will = new Will(Full with { Retain = true }, Delay: 4_294_967_295);
        await Sessions.Open(Session, "c", 3_600, will, isNew: true);

        await Reopen();

        var session = Assert.Single(await Sessions.ReadSessions(Publisher));
        Assert.Equal(new StoredSession(Session, "c", 3_600, true, null, session.Will, null, 0, 0, 0, 0), session with
        {
            Subscriptions = [],
            Received = [],
        });
        Assert.Equal(will.Delay, session.Will!.Delay);
        Assert.Equal(will.Message.Describe(), session.Will.Message.Describe());
        Assert.Empty(session.Subscriptions);
        Assert.Empty(session.Received);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_session_that_is_opened_again_keeps_what_it_has_and_a_new_one_has_nothing(bool isNew)
    {
        await Sessions.Open(Session, "c", 60, new Will(Reading(Topic, "old"), 5), isNew: true);
        await Sessions.Subscribe(Session, [new Subscription("a/#", Qos.AtLeastOnce)]);
        await Enqueue(Session, "1", "2");
        await Receive(Session, 7);
        await Sessions.Close(Session, 60, Noon.AddMinutes(1), Noon.AddSeconds(5), sent: 1);

        await Sessions.Open(Session, "c", ForEver, new Will(Reading(Topic, "new"), 0), isNew);
        await Reopen();

        var session = Assert.Single(await Sessions.ReadSessions(Publisher));
        Assert.True(session.IsConnected);
        Assert.Equal(ForEver, session.Expiry);
        Assert.Null(session.ExpiresAt);
        Assert.Null(session.WillAt);
        Assert.Equal("new", session.Will!.Message.Text());
        Assert.Equal(isNew ? 0 : 2, session.Queued);
        Assert.Equal(isNew ? 0 : 2, session.Last);
        Assert.Equal(isNew ? [] : ["a/#"], session.Subscriptions.Select(s => s.Filter));
        Assert.Equal<ushort>(isNew ? [] : [7], session.Received);
        Assert.Equal(isNew ? [] : ["1", "2"], await Texts(Session));
        Assert.Empty(await Sessions.ReadDue(DateTimeOffset.MaxValue, 10));
    }

    [Fact]
    public async Task A_session_that_is_opened_without_a_will_has_none()
    {
        await Sessions.Open(Session, "c", 60, new Will(Reading(Topic), 5), isNew: true);
        await Sessions.Open(Session, "c", 60, null, isNew: false);

        Assert.Null((await Sessions.Find(Session))!.Will);
    }

    [Fact]
    public async Task A_publishers_sessions_are_its_own_and_the_oldest_is_first()
    {
        string[] clients = ["z", "a", "m/x", "", "a/"];
        foreach (var client in clients)
        {
            await Sessions.Open($"{Publisher}/{client}", client, 60, null, isNew: true);
        }

        await Sessions.Open($"{Publisher}/z", "z", 60, null, isNew: false);
        await Sessions.Open("default/meter-70/a", "a", 60, null, isNew: true);
        await Sessions.Open("default/meter-/a", "a", 60, null, isNew: true);
        await Sessions.Open("other/meter-7/a", "a", 60, null, isNew: true);
        await Sessions.Open("default/users/42/a", "a", 60, null, isNew: true);

        Assert.Equal(clients, (await Sessions.ReadSessions(Publisher)).Select(session => session.ClientId));
        Assert.Equal("default/users/42/a", Assert.Single(await Sessions.ReadSessions("default/users/42")).Key);
        Assert.Empty(await Sessions.ReadSessions("default/users"));
        Assert.Empty(await Sessions.ReadSessions("default"));
    }

    [Fact]
    public async Task A_connection_that_ends_leaves_its_will_with_a_time_and_the_session_with_an_end()
    {
        await Sessions.Open(Session, "c", 60, new Will(Full, 5), isNew: true);

        await Sessions.Close(Session, 90, Noon.AddSeconds(90), Noon.AddSeconds(5), sent: 0);

        var session = (await Sessions.Find(Session))!;
        Assert.False(session.IsConnected);
        Assert.Equal(90u, session.Expiry);
        Assert.Equal(Noon.AddSeconds(90), session.ExpiresAt);
        Assert.Equal(Noon.AddSeconds(5), session.WillAt);
        Assert.Equal(Full.Describe(), session.Will!.Message.Describe());
    }

    [Fact]
    public async Task A_will_without_a_time_is_taken_away_with_the_connection()
    {
        await Sessions.Open(Session, "c", ForEver, new Will(Full, 5), isNew: true);

        await Sessions.Close(Session, ForEver, null, null, sent: 0);

        var session = (await Sessions.Find(Session))!;
        Assert.Null(session.Will);
        Assert.Null(session.WillAt);
        Assert.Null(session.ExpiresAt);
        Assert.Empty(await Sessions.ReadDue(DateTimeOffset.MaxValue, 10));
    }

    [Fact]
    public async Task A_session_without_a_will_has_no_time_for_one()
    {
        await Sessions.Open(Session, "c", ForEver, null, isNew: true);

        await Sessions.Close(Session, ForEver, null, Noon, sent: 0);

        Assert.Null((await Sessions.Find(Session))!.WillAt);
        Assert.Empty(await Sessions.ReadDue(DateTimeOffset.MaxValue, 10));
    }

    [Fact]
    public async Task What_may_have_been_sent_is_everything_while_connected_and_what_any_connection_was_sent_afterwards()
    {
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        await Enqueue(Session, "1", "2", "3");
        Assert.Equal(3, await Sent());

        await Sessions.Close(Session, 60, null, null, sent: 2);
        Assert.Equal(2, await Sent());
        await Enqueue(Session, "4");
        Assert.Equal(2, await Sent());

        await Sessions.Open(Session, "c", 60, null, isNew: false);
        await Sessions.Close(Session, 60, null, null, sent: 0);
        Assert.Equal(2, await Sent());

        // A connection whose end nobody has told.
        await Sessions.Open(Session, "c", 60, null, isNew: false);
        await Sessions.Open(Session, "c", 60, null, isNew: false);
        await Sessions.Close(Session, 60, null, null, sent: 0);
        Assert.Equal(4, await Sent());

        async Task<long> Sent() => (await Sessions.Find(Session))!.Sent;
    }

    [Fact]
    public async Task A_will_that_was_published_is_gone_and_the_session_stays()
    {
        await Sessions.Open(Session, "c", 60, new Will(Full, 5), isNew: true);
        await Sessions.Close(Session, 60, Noon.AddSeconds(60), Noon.AddSeconds(5), sent: 0);

        await Sessions.TakeWill(Session);
        await Reopen();

        var session = (await Sessions.Find(Session))!;
        Assert.Null(session.Will);
        Assert.Null(session.WillAt);
        Assert.Equal(Noon.AddSeconds(60), session.ExpiresAt);
        Assert.Empty(await Sessions.ReadDue(Noon.AddSeconds(59), 10));
        Assert.Equal([Session], await Sessions.ReadDue(Noon.AddSeconds(60), 10));
    }

    [Fact]
    public async Task A_session_that_is_over_leaves_nothing_and_others_stay()
    {
        foreach (var session in new[] { Session, Other })
        {
            await Sessions.Open(session, session[(Publisher.Length + 1)..], 60, new Will(Full, 5), isNew: true);
            await Sessions.Subscribe(session, [new Subscription("a/#", Qos.AtLeastOnce)]);
            await Enqueue(session, "1");
            await Receive(session, 7);
        }

        await Sessions.Delete(Session);
        await Sessions.Delete(Session);

        Assert.Equal(Other, Assert.Single(await Sessions.ReadSessions(Publisher)).Key);
        Assert.Equal(Other, Assert.Single(await Sessions.ReadSubscriptions()).Session);
        Assert.Empty(await Texts(Session));
        await Sessions.Open(Session, "c", 60, null, isNew: false);
        var anew = (await Sessions.Find(Session))!;
        Assert.Equal((0, 0), (anew.Last, anew.Queued));
        Assert.Empty(anew.Subscriptions);
        Assert.Empty(anew.Received);
        Assert.Equal<long>([1], await Enqueue(Session, "first"));
        Assert.Equal(["1"], await Texts(Other));
    }

    [Fact]
    public async Task A_write_to_a_session_that_is_not_there_succeeds_and_changes_nothing()
    {
        await Sessions.Close(Session, 60, Noon, Noon, sent: 1);
        await Sessions.TakeWill(Session);
        await Sessions.Delete(Session);
        await Sessions.Subscribe(Session, [new Subscription("a", Qos.AtMostOnce)]);
        await Sessions.Unsubscribe(Session, ["a"]);
        await Sessions.Settle(Session, [new Settlement(1, true), new Settlement(2, false)]);
        await Sessions.Release(Session, [1]);
        Assert.Equal(0, await Sessions.Enqueue(Session, [(Full, Qos.AtLeastOnce, [])]));
        await Receive(Session, 7);

        Assert.Empty(await Sessions.ReadSessions(Publisher));
        Assert.Empty(await Sessions.ReadSubscriptions());
        Assert.Empty(await Texts(Session));
        Assert.Empty(await Sessions.ReadDue(DateTimeOffset.MaxValue, 10));
    }

    [Theory]
    [InlineData(3_600u, null, null, 3_600.0)]
    [InlineData(3_600u, 0u, 30.0, 3_600.0)]
    [InlineData(3_600u, 60u, 60.0, 3_600.0)]
    [InlineData(3_600u, 4_000u, 3_600.0, 3_600.0)]
    [InlineData(10u, 0u, 10.0, 10.0)]
    [InlineData(0u, 60u, 30.0, 30.0)]
    [InlineData(0u, null, null, 0.0)]
    [InlineData(ForEver, ForEver, 4_294_967_295.0, null)]
    [InlineData(ForEver, 5u, 30.0, null)]
    public async Task A_session_that_lost_its_connection_with_the_process_is_closed_at_the_start(
        uint expiry, uint? delay, double? willAfter, double? endsAfter)
    {
        await Sessions.Open(Session, "c", expiry, delay is { } d ? new Will(Full, d) : null, isNew: true);
        await Enqueue(Session, "1", "2");
        await Reopen();

        await Sessions.CloseAll(Noon, TimeSpan.FromSeconds(30));

        var session = (await Sessions.Find(Session))!;
        Assert.False(session.IsConnected);
        Assert.Equal(willAfter is { } w ? Noon.AddSeconds(w) : null, session.WillAt);
        Assert.Equal(endsAfter is { } e ? Noon.AddSeconds(e) : null, session.ExpiresAt);
        Assert.Equal(2, session.Sent);
        Assert.Equal(expiry, session.Expiry);
        Assert.Equal(delay is not null, session.Will is not null);
    }

    [Fact]
    public async Task A_will_that_was_due_meanwhile_waits_for_its_client_too()
    {
        await Sessions.Open(Session, "c", 60, new Will(Full, 5), isNew: true);
        await Enqueue(Session, "1", "2");
        await Sessions.Close(Session, 60, Noon.AddSeconds(60), Noon.AddSeconds(5), sent: 1);

        await Sessions.CloseAll(Noon.AddSeconds(50), TimeSpan.FromSeconds(30));

        var session = (await Sessions.Find(Session))!;
        Assert.Equal((Noon.AddSeconds(80), Noon.AddSeconds(80), 1), (session.ExpiresAt, session.WillAt, session.Sent));
    }

    [Fact]
    public async Task What_is_due_is_read_with_the_earliest_first_up_to_a_limit()
    {
        await Away("never", ends: null, will: null);
        await Away("third", ends: 30, will: null);
        await Away("first", ends: 100, will: 10);
        await Away("second", ends: null, will: 20);
        await Away("fourth", ends: 31, will: 31);
        await Sessions.Open($"{Publisher}/connected", "connected", 60, new Will(Full, 0), isNew: true);

        Assert.Empty(await Due(9, 10));
        Assert.Equal(["first"], await Due(10, 10));
        Assert.Equal(["first", "second", "third", "fourth"], await Due(1_000, 10));
        Assert.Equal(["first", "second"], await Due(1_000, 2));
        await Sessions.Open($"{Publisher}/first", "first", 60, null, isNew: false);
        await Reopen();
        Assert.Equal(["second", "third", "fourth"], await Due(1_000, 10));

        async Task Away(string client, int? ends, int? will)
        {
            await Sessions.Open($"{Publisher}/{client}", client, 60, will is null ? null : new Will(Full, 0), isNew: true);
            await Sessions.Close(
                $"{Publisher}/{client}", 60, ends is { } e ? Noon.AddSeconds(e) : null, will is { } w ? Noon.AddSeconds(w) : null, 0);
        }

        async Task<IEnumerable<string>> Due(int seconds, int limit) =>
            (await Sessions.ReadDue(Noon.AddSeconds(seconds), limit)).Select(key => key[(Publisher.Length + 1)..]);
    }

    [Fact]
    public async Task Subscriptions_are_added_replaced_and_removed_by_their_filters()
    {
        Subscription[] subscriptions =
        [
            new("$share/g/a/+", Qos.ExactlyOnce, NoLocal: false, RetainAsPublished: true, RetainHandling.DoNotSend, 268_435_455),
            new("a/+", Qos.AtMostOnce, NoLocal: true, RetainAsPublished: false, RetainHandling.SendIfNew, 0),
        ];
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        await Sessions.Open(Other, "other", 60, null, isNew: true);
        await Sessions.Subscribe(Session, [new Subscription("a/+", Qos.ExactlyOnce, true, true, RetainHandling.DoNotSend, 9), new Subscription("gone", Qos.AtLeastOnce)]);
        await Sessions.Subscribe(Session, subscriptions);
        await Sessions.Subscribe(Other, [subscriptions[1]]);
        await Sessions.Unsubscribe(Session, ["gone", "was never there"]);

        await Reopen();

        Assert.Equal(subscriptions, (await Sessions.Find(Session))!.Subscriptions.OrderBy(s => s.Filter, StringComparer.Ordinal));
        Assert.Equal(
            [new(Session, subscriptions[0]), new(Session, subscriptions[1]), new StoredSubscription(Other, subscriptions[1])],
            (await Sessions.ReadSubscriptions()).OrderBy(s => s.Session).ThenBy(s => s.Subscription.Filter, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Packet_identifiers_are_kept_once_each_until_they_are_released()
    {
        await Sessions.Open(Session, "c", 60, null, isNew: true);
        await Receive(Session, 1, 65_535, 300);
        await Receive(Session, 300, 2);

        await Sessions.Release(Session, [1, 2, 77]);
        await Reopen();

        Assert.Equal<ushort>([300, 65_535], (await Sessions.Find(Session))!.Received.Order());
    }

    private static AppendEffects Effects(
        IEnumerable<Enqueue>? queued = null, (string, IReadOnlyList<ushort>)? received = null, bool isTransient = false) =>
        new([.. queued ?? []], received, isTransient);

    private static Enqueue To(string session, int message, Qos qos = Qos.AtLeastOnce, bool retain = false, params uint[] ids) =>
        new(session, message, qos, retain, ImmutableArray.Create(ids));

    /// <summary>Messages of a transient topic for the queue of one session.</summary>
    private Task<ImmutableArray<long>> Enqueue(string session, params string[] payloads) =>
        History.Append(
            Topic,
            firstSeq: 0,
            [.. payloads.Select(payload => Reading(Topic, payload))],
            Effects(payloads.Select((_, i) => To(session, i, Qos.ExactlyOnce)), isTransient: true));

    private Task<ImmutableArray<long>> Receive(string session, params ushort[] packetIds) =>
        History.Append(Topic, 0, [Reading(Topic)], Effects(received: (session, packetIds), isTransient: true));

    private async Task<IEnumerable<string?>> Texts(string session) =>
        (await Sessions.ReadWhole(session)).Select(queued => queued.Message?.Text());
}
