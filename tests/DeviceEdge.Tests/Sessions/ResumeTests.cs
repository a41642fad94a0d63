using System.Text;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>A client's grain goes while its client is connected, and comes again somewhere else.</summary>
public sealed class ResumeTests
{
    private const string Topic = "devices/meter-7/temperature";

    private const string Timed = """{"ts":"2026-03-01T12:00:00Z","t":21}""";

    public static TheoryData<MqttVersion> Versions => [.. Enum.GetValues<MqttVersion>()];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_connection_that_only_publishes_goes_on_and_its_grain_hears_all_of_it_again(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial(version);
        await device.Connect(new ConnectPacket
        {
            Version = version,
            ClientId = "x",
            UserName = "meter-7",
            Password = "key"u8.ToArray(),
            Will = new ConnectWill("devices/meter-7/gone", "gone"u8.ToArray(), Qos.AtLeastOnce, false),
            CleanStart = true,
        });
        var first = edge.Device.Connected!;
        edge.Clock.Advance(TimeSpan.FromMinutes(1));

        await edge.Device.End(ConnectionEnd.Forgotten);
        await Eventually.Is(() => edge.Device.Connected != first);

        var again = edge.Device.Connected!;
        Assert.Equal(edge.Clock.GetUtcNow() - TimeSpan.FromMinutes(1), again.Since);
        Assert.Equal(
            (first.ConnectionId, first.ClientId, first.SessionExpiry, false),
            (again.ConnectionId, again.ClientId, again.SessionExpiry, again.CleanStart));
        Assert.Same(first.Will, again.Will);
        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "1"));
    }

    [Fact]
    public async Task A_durable_session_goes_on_and_looks_for_what_came_to_stand_in_its_queue_meanwhile()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.Session = edge.Device.Session with { IsDurable = true };
        await using var device = await edge.Connect();
        await device.Send(new SubscribePacket { PacketId = 1, Subscriptions = [new(Topic, Qos.AtLeastOnce)] });
        Assert.IsType<SubAckPacket>(await device.Receive());
        edge.Device.OnRouted = () => Task.FromResult(1L);
        edge.Device.Queued = [new QueuedMessage(1, new TelemetryMessage { Topic = Topic, Device = "other", Payload = "missed"u8.ToArray(), At = default, ReceivedAt = default }, Qos.AtLeastOnce, false, [])];

        await edge.Device.End(ConnectionEnd.Forgotten);

        Assert.Equal("missed", Encoding.UTF8.GetString(Assert.IsType<PublishPacket>(await device.Receive()).Payload.Span));
    }

    [Fact]
    public async Task A_durable_session_whose_grain_goes_once_more_before_all_topics_know_it_is_said_once_more()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.Session = edge.Device.Session with { IsDurable = true };
        await using var device = await edge.Connect();
        var asked = 0;
        edge.Device.OnRouted = () => Interlocked.Increment(ref asked) < 3 ? throw Unknown() : Task.FromResult(0L);

        await edge.Device.End(ConnectionEnd.Forgotten);
        await Eventually.Is(() => Volatile.Read(ref asked) == 3);

        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "1"));
    }

    [Fact]
    public async Task A_session_that_is_not_durable_any_more_ends()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.Session = edge.Device.Session with { IsDurable = true };
        await using var device = await edge.Connect();
        edge.Device.Session = edge.Device.Session with { IsDurable = false };

        await edge.Device.End(ConnectionEnd.Forgotten);

        Assert.Equal(ReasonCode.SessionTakenOver, Assert.IsType<DisconnectPacket>(await device.Receive()).Reason);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_connection_whose_subscriptions_are_in_memory_ends_because_it_may_have_missed_something(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect(version);
        await device.Send(new SubscribePacket { PacketId = 1, Subscriptions = [new(Topic, Qos.AtLeastOnce)] });
        Assert.IsType<SubAckPacket>(await device.Receive());

        await edge.Device.End(ConnectionEnd.Forgotten);

        if (version == MqttVersion.V500)
        {
            Assert.Equal(ReasonCode.ImplementationSpecificError, ((DisconnectPacket?)await device.Receive())!.Reason);
        }

        Assert.Null(await device.Receive());
        Assert.Null(edge.Device.Connected!.Since);
    }

    [Fact]
    public async Task What_a_grain_refuses_because_it_does_not_know_the_connection_is_given_to_it_once_more()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();
        await device.Send(device.Message(Topic, "without a time of its own"));

        var first = await edge.Device.NextPublish();
        first.Throw(Unknown());
        var again = await edge.Device.NextPublish();
        Assert.NotNull(edge.Device.Connected!.Since);
        again.Complete();

        Assert.Equal(["without a time of its own"], again.Payloads);
        Assert.Equal((false, true), (first.Messages[0].IsRepeat, again.Messages[0].IsRepeat)); // the grain before may have had it
        Assert.Equal(first.Messages[0], again.Messages[0] with { IsRepeat = false });
        Assert.Equal("meter-7", again.Caller!.Subject);
        Assert.Equal(ReasonCode.Success, ((AckPacket?)await device.Receive())!.Reason);
    }

    [Fact]
    public async Task What_has_no_time_and_no_identifier_could_not_be_told_from_another_and_is_not_given_again()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();
        await device.Send(new PublishPacket { Topic = Topic, Payload = "1"u8.ToArray(), Qos = Qos.AtMostOnce });

        (await edge.Device.NextPublish()).Throw(Unknown());

        Assert.Equal(ReasonCode.ImplementationSpecificError, Assert.IsType<DisconnectPacket>(await device.Receive()).Reason);
        Assert.Equal(0, edge.Device.Waiting);
    }

    [Fact]
    public async Task A_grain_that_does_not_answer_is_told_once_more()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();
        var asked = 0;
        edge.Device.OnConnect = () => Interlocked.Increment(ref asked) == 1 ? new TaskCompletionSource().Task : Task.CompletedTask;

        await edge.Device.End(ConnectionEnd.Forgotten);
        await edge.Until(Task.Run(() => Eventually.Is(() => edge.Device.Connected!.Since is not null)), TimeSpan.FromMilliseconds(1));

        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "1"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_released_and_not_forgotten_is_released_at_the_next_grain(bool isUnknown)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.Session = edge.Device.Session with { IsDurable = true };
        await using var device = await edge.Connect();
        await device.Send(new PublishPacket { Topic = Topic, Payload = "1"u8.ToArray(), Qos = Qos.ExactlyOnce, PacketId = 1 });
        Assert.Equal(PacketType.PubRec, (await device.Receive())!.Type);
        edge.Device.ByHand = true;
        await device.Send(new AckPacket(PacketType.PubRel, 1));

        (await edge.Device.NextRelease()).Throw(isUnknown ? new TimeoutException() : Unknown());
        var again = await edge.Device.NextRelease();
        again.Complete();

        Assert.Equal([(ushort)1], again.Ids);
        Assert.Equal(PacketType.PubComp, (await device.Receive())!.Type);
    }

    [Theory]
    [InlineData(Timed)]
    [InlineData("without a time of its own")]
    public async Task What_may_be_stored_is_given_to_the_next_grain_where_that_recognises_it(string payload)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();
        await device.Send(device.Message(Topic, payload));

        (await edge.Device.NextPublish()).Throw(new TimeoutException());
        (await edge.Device.NextPublish()).Complete();

        Assert.Equal(ReasonCode.Success, ((AckPacket?)await device.Receive())!.Reason);
    }

    [Fact]
    public async Task What_may_be_stored_and_would_not_be_recognised_is_not_answered()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();
        await device.Send(new PublishPacket { Topic = Topic, Payload = "1"u8.ToArray(), Qos = Qos.AtMostOnce });

        (await edge.Device.NextPublish()).Throw(new TimeoutException());

        Assert.Equal(ReasonCode.ImplementationSpecificError, Assert.IsType<DisconnectPacket>(await device.Receive()).Reason);
        Assert.Equal(0, edge.Device.Waiting);
    }

    [Theory]
    [InlineData("without a time of its own", true, false)]
    [InlineData("without a time of its own", false, false)]
    [InlineData(Timed, true, true)]
    [InlineData(Timed, false, true)]
    public async Task What_may_be_stored_is_refused_later_only_where_it_would_be_recognised_when_it_is_sent_anew(
        string payload, bool throws, bool isRefused)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();
        await device.Send(device.Message(Topic, payload));

        (await edge.Device.NextPublish()).Throw(new TimeoutException());
        var again = await edge.Device.NextPublish();
        if (throws)
        {
            again.Throw(new FailureException(Failure.Unavailable, "The store is away."));
        }
        else
        {
            again.Refuse(new PublishFailure(0, Failure.Unavailable, "The store is away."));
        }

        var answer = await device.Receive();
        Assert.Equal(isRefused ? PacketType.PubAck : PacketType.Disconnect, answer!.Type);
        Assert.NotEqual(ReasonCode.Success, (answer as AckPacket)?.Reason ?? ((DisconnectPacket)answer).Reason);
    }

    [Fact]
    public async Task Nobody_is_asked_for_ever_whose_answer_does_not_come()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();
        await device.Send(device.Message(Topic, Timed));

        var farewell = device.Receive();
        var calls = 0;
        while (!farewell.IsCompleted)
        {
            if (edge.Device.Waiting > 0)
            {
                (await edge.Device.NextPublish()).Throw(new TimeoutException());
                calls++;
            }

            edge.Clock.Advance(TimeSpan.FromMilliseconds(20));
            await Task.Delay(1); // as long as a grain takes
        }

        Assert.Equal(ReasonCode.ImplementationSpecificError, Assert.IsType<DisconnectPacket>(await farewell).Reason);
        Assert.InRange(calls, 2, 100);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_activation_before_has_and_does_not_answer_is_given_to_the_next_one(bool isAnother)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.Session = edge.Device.Session with { Silo = "one" };
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();
        await device.Send(device.Message(Topic, "1"));
        var waiting = await edge.Device.NextPublish();
        edge.Device.Knows = isAnother ? connect => connect.CalledAs : _ => null;

        await edge.Device.End(ConnectionEnd.Forgotten);
        await Eventually.Is(() => edge.Device.Connected!.Since is not null);
        var again = edge.Device.NextPublish();
        for (var passed = 0; passed < (isAnother ? 14_000 : 3_000) && !again.IsCompleted; passed += 5)
        {
            edge.Clock.Advance(TimeSpan.FromMilliseconds(5));
            await Task.Delay(1); // so that the clock does not run away from the edge
        }

        // The same activation takes its time.
        Assert.Equal(isAnother, again.IsCompleted);
        (isAnother ? await again : waiting).Complete();
        Assert.Equal(ReasonCode.Success, Assert.IsType<AckPacket>(await device.Receive()).Reason);
    }

    [Theory]
    [InlineData(Failure.Conflict, ReasonCode.SessionTakenOver, true)]
    [InlineData(Failure.NotSignedIn, ReasonCode.NotAuthorized, false)]
    [InlineData(Failure.Unavailable, ReasonCode.ImplementationSpecificError, true)]
    public async Task Who_may_not_go_on_hears_why(Failure failure, ReasonCode reason, bool publishesWill)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();
        edge.Device.OnConnect = () => throw new FailureException(failure, "No.");

        await edge.Device.End(ConnectionEnd.Forgotten);

        Assert.Equal(reason, Assert.IsType<DisconnectPacket>(await device.Receive()).Reason);
        Assert.Null(await device.Receive());
        Assert.Equal(publishesWill, (await edge.Device.NextDisconnect()).Disconnect.PublishesWill);
    }

    [Fact]
    public async Task Who_leaves_while_the_grain_hears_of_him_again_has_left()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();
        var asked = new TaskCompletionSource();
        var goesOn = new TaskCompletionSource();
        edge.Device.OnConnect = () =>
        {
            asked.SetResult();
            return goesOn.Task;
        };
        await edge.Device.End(ConnectionEnd.Forgotten);
        await asked.Task;

        await device.Send(new DisconnectPacket());
        var (_, before) = await edge.Device.NextDisconnect();
        goesOn.SetResult();
        var (_, behind) = await edge.Device.NextDisconnect();

        Assert.Equal((false, false), (before.PublishesWill, behind.PublishesWill));
    }

    [Fact]
    public async Task However_many_notice_that_the_grain_is_gone_it_hears_of_the_connection_once()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();
        var asked = 0;
        var goesOn = new TaskCompletionSource();
        edge.Device.OnConnect = () =>
        {
            Interlocked.Increment(ref asked);
            return goesOn.Task;
        };

        await edge.Device.End(ConnectionEnd.Forgotten);
        await edge.Device.End(ConnectionEnd.Forgotten);
        await Eventually.Is(() => Volatile.Read(ref asked) > 0);
        goesOn.SetResult();
        await Eventually.Is(() => edge.Device.Connected!.Since is not null);

        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "1"));
        Assert.Equal(1, asked);
    }

    private static FailureException Unknown() => new(Failure.NotSignedIn, "That is no connection of yours.");
}
