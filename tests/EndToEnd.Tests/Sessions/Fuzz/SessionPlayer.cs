using System.Text;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Sessions.Fuzz;

/// <summary>
/// Plays steps against a server, with a connection for each client, and after each one compares what has arrived with what
/// the model says has to.
/// </summary>
internal sealed class SessionPlayer : IAsyncDisposable
{
    private readonly int _port;
    private readonly bool _isOurs;
    private readonly TimeSpan _patience;
    private readonly SessionModel _model;
    private readonly List<Player> _players;
    private int _lastSentinel;

    private SessionPlayer(int port, IReadOnlyList<ClientTraits> clients, string run, bool isOurs, TimeSpan patience)
    {
        _port = port;
        _isOurs = isOurs;
        _patience = patience;
        _model = new SessionModel(isOurs ? clients : clients.Select(Mosquitto.Traits), merges: isOurs);
        _players = [.. _model.Sessions.Select(session => new Player(session, run))];
    }

    /// <exception cref="Exception">The server did something else; the message says what.</exception>
    /// <param name="run">Makes the clients' ids unlike those of another run on the same server.</param>
    public static async Task Play(
        int port, IReadOnlyList<ClientTraits> clients, IEnumerable<Step> steps, string run, bool isOurs, TimeSpan patience)
    {
        await using var player = new SessionPlayer(port, clients, run, isOurs, patience);
        await player.Begin();
        foreach (var step in steps)
        {
            await player.Play(step);
        }

        await player.Finish();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var player in _players)
        {
            if (player.Session.IsConnected && !player.Client.Ended.IsCompleted)
            {
                await player.Client.Disconnect(); // so that no will disturbs the next run
            }

            await player.Client.DisposeAsync();
        }
    }

    /// <summary>Deletes what an earlier run left behind, and lets the witness see everything.</summary>
    private async Task Begin()
    {
        await Play(new Connect(StepGenerator.Witness, true, false, null));
        foreach (var topic in StepGenerator.Topics)
        {
            await _players[StepGenerator.Witness].Client.Publish(topic, "", Qos.AtLeastOnce, retain: true);
        }

        await Play(new Subscribe(StepGenerator.Witness, 7, [new Subscription("#", Qos.ExactlyOnce, RetainAsPublished: true)]));
    }

    /// <summary>Everybody takes what is still there, and then ends the session.</summary>
    private async Task Finish()
    {
        foreach (var player in _players.Where(player => player.Session.Index != StepGenerator.Witness))
        {
            await Play(new LetGo(player.Session.Index));
            if (player.Session.Exists)
            {
                await Play(new Connect(player.Session.Index, CleanStart: false, IsDurable: true, null));
            }
        }

        foreach (var player in _players)
        {
            await Play(new Connect(player.Session.Index, CleanStart: true, IsDurable: false, null));
        }
    }

    private async Task Play(Step step)
    {
        if (_model.Allows(step) && (_isOurs || !Mosquitto.Differs(_model, step)))
        {
            try
            {
                await Perform(step, _players[step.Client]);
                await Settle();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"After {step}: {e.Message}\n{Differences()}", e);
            }
        }
    }

    private async Task Perform(Step step, Player player)
    {
        var client = player.Client;
        switch (step)
        {
            case Connect connect:
                await Perform(connect, player);
                break;
            case Disconnect disconnect:
                await client.Disconnect(
                    disconnect.SendsWill ? ReasonCode.DisconnectWithWillMessage : ReasonCode.Success, disconnect.EndsSession ? 0 : null);
                player.Compare();
                _model.Apply(disconnect);
                player.ExpectUnacknowledgedAgain();
                break;
            case Cut cut:
                await client.Cut(cut.Reset);
                player.Compare();
                _model.Apply(cut);
                player.ExpectUnacknowledgedAgain();
                break;
            case Subscribe subscribe:
                _model.Apply(subscribe);
                var granted = await client.Subscribe(subscribe.Identifier, [.. subscribe.Subscriptions]);
                Assert.Equal(subscribe.Subscriptions.Select(subscription => (ReasonCode)subscription.MaximumQos), granted.Reasons);
                break;
            case Unsubscribe unsubscribe:
                var isThere = player.Session.Subscriptions.ContainsKey(unsubscribe.Filter);
                _model.Apply(unsubscribe);
                var answer = await client.Unsubscribe(unsubscribe.Filter);
                Assert.True(
                    !player.Session.Traits.Is5 || answer.Reasons is [var reason] && reason == (isThere ? ReasonCode.Success : ReasonCode.NoSubscriptionExisted));
                break;
            case Publish publish:
                _model.Apply(publish);
                var reasons = await Task.WhenAll(publish.Messages.Select(Send)).WaitAsync(_patience);
                Assert.All(reasons, code => Assert.True(code is ReasonCode.Success or ReasonCode.NoMatchingSubscribers, $"{code}"));
                break;
            case Hold hold:
                _model.Apply(hold);
                player.Hold(hold.Ack);
                break;
            case LetGo letGo:
                _model.Apply(letGo);
                player.LetGo();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(step));
        }
    }

    private async Task Perform(Connect connect, Player player)
    {
        var (session, client) = (player.Session, player.Client);
        var isPresent = session.Exists && !connect.CleanStart && (session.IsDurable || !session.IsConnected);
        var predecessor = session.IsConnected ? client.Ended : null;
        client.SessionExpiry = connect.IsDurable ? MqttClient.Forever : 0;
        client.Will = ToWill(connect.Will);
        _model.Apply(connect);
        var answer = await client.Connect(_port, connect.CleanStart);
        Assert.Equal(ReasonCode.Success, answer.Reason);
        Assert.True(answer.SessionPresent == isPresent, $"The server says that a session is present: {answer.SessionPresent}.");
        if (predecessor is not null)
        {
            await predecessor.WaitAsync(_patience);
            Assert.True(
                !_isOurs || client.Farewell?.Reason == (session.Traits.Is5 ? ReasonCode.SessionTakenOver : null),
                $"Taken over with {client.Farewell?.Reason}"); // [MQTT-3.1.4-3], which mosquitto 2.0 does not keep
        }

        if (!isPresent)
        {
            await client.Subscribe(player.SentinelTopic, Qos.AtLeastOnce);
        }
    }

    private Task<ReasonCode> Send(Message message) => _players[message.Client].Client.Publish(
        message.Topic, message.Payload, message.Qos, message.Retain, message.Extras.ToProperties());

    private static ConnectWill? ToWill(WillPlan? plan)
    {
        if (plan is not { Message: var message })
        {
            return null;
        }

        var extras = message.Extras.ToProperties();
        return new ConnectWill(message.Topic, Encoding.UTF8.GetBytes(message.Payload), message.Qos, message.Retain)
        {
            Properties = new Properties
            {
                WillDelayInterval = plan.IsDelayed ? 100_000 : null,
                PayloadFormatIndicator = extras.PayloadFormatIndicator,
                MessageExpiryInterval = extras.MessageExpiryInterval,
                ContentType = extras.ContentType,
                ResponseTopic = extras.ResponseTopic,
                CorrelationData = extras.CorrelationData,
                UserProperties = extras.UserProperties,
            },
        };
    }

    /// <summary>
    /// Waits until all that must arrive has arrived, the witness first; then a sentinel that each client sends itself, so that
    /// what came too much is there as well. What is later still is found after a later step.
    /// </summary>
    private async Task Settle()
    {
        foreach (var player in _players)
        {
            player.Compare();
            while (player.Session.Listens && player.Session.Open.Exists(expected => expected is { IsOptional: false, Shared: null }))
            {
                await player.SomethingArrives(_patience);
                player.Compare();
            }
        }

        while (_model.SharedDeliveries.Find(shared => shared.IsDue) is { } shared)
        {
            var candidates = shared.Candidates.ConvertAll(candidate => _players[candidate.Index]);
            await await Task.WhenAny(candidates.Select(player => player.SomethingArrives(_patience)));
            candidates.ForEach(player => player.Compare());
        }

        var sentinel = $"{++_lastSentinel}";
        await Task.WhenAll(_players.Where(player => player.Session.Listens).Select(player => player.Sentinel(sentinel, _patience)));
        _players.ForEach(player => player.Compare());
    }

    private string Differences() => string.Join('\n', _players.Select(player => player.Difference()).Where(text => text.Length > 0));

    /// <summary>A client, its session in the model, and how far they have been compared.</summary>
    private sealed class Player(ModelSession session, string run)
    {
        private const string SentinelTopics = "sentinels/";

        private readonly Dictionary<(int, string, Qos, Qos), int> _lastNumbers = [];
        private readonly List<Expected> _metWhileHolding = [];
        private PacketType? _holds;
        private int _compared;

        public ModelSession Session => session;

        public MqttClient Client { get; } = new($"{session.Traits.Id}.{run}", session.Traits.Version)
        {
            ReceiveMaximum = session.Traits.ReceiveMaximum,
            TopicAliasMaximum = session.Traits.TopicAliasMaximum,
            MaximumPacketSize = session.Traits.MaximumPacketSize,
            UsesTopicAliases = session.Traits.UsesTopicAliases,
        };

        public string SentinelTopic => SentinelTopics + Client.Id;

        public void Hold(PacketType type)
        {
            _holds = type;
            Client.Holds = ack => ack.Type == type;
        }

        public void LetGo()
        {
            _holds = null;
            _metWhileHolding.Clear();
            Client.LetGo();
        }

        public Task SomethingArrives(TimeSpan patience) => Client.Until(messages => messages.Count > _compared, patience);

        public async Task Sentinel(string text, TimeSpan patience)
        {
            await Client.Publish(SentinelTopic, text, Qos.AtLeastOnce).WaitAsync(patience);
            await Client.Until(messages => messages.Skip(_compared).Any(message => message.Topic == SentinelTopic && message.Text() == text), patience);
        }

        public void Compare()
        {
            foreach (var packet in Client.Received.Skip(_compared))
            {
                _compared++;
                if (!packet.Topic.StartsWith(SentinelTopics, StringComparison.Ordinal))
                {
                    Compare(packet);
                }
            }
        }

        /// <summary>
        /// After the end of a connection: what was not acknowledged on it comes again [MQTT-4.4.0-1]. With PUBACK held back
        /// that is all of QoS 1; else it may be what arrived last, as nobody waited for that.
        /// </summary>
        public void ExpectUnacknowledgedAgain()
        {
            if (session.Exists)
            {
                session.Open.InsertRange(0, _metWhileHolding.Select(expected => expected.Again(isOptional: _holds != PacketType.PubAck)));
            }

            LetGo();
        }

        public string Difference() => string.Join('\n', session.Open.Select(expected => $"  open: {expected}"));

        private void Compare(PublishPacket packet)
        {
            var expected = session.Open.Find(expected => expected.IsMet(packet)) ?? throw new InvalidOperationException(
                $"{session.Traits.Id} got what it should not: {packet.Topic} '{packet.Text()}' {packet.Qos} retain={packet.Retain} dup={packet.Dup} "
                + $"ids=[{string.Join(',', packet.Properties.SubscriptionIdentifiers)}]");
            session.Open.Remove(expected);
            if (expected.Shared is { } shared)
            {
                shared.IsDone = true;
                shared.Candidates.ForEach(other => other.Open.RemoveAll(open => open.Shared == shared));
            }
            else if (expected is { IsFromTheRetained: false, IsAgain: false, Message: { IsWill: false } message })
            {
                // [MQTT-4.6.0-5]: of one publisher, topic and QoS in the order of publishing
                var key = (message.Client, message.Topic, message.Qos, packet.Qos);
                if (message.Number < _lastNumbers.GetValueOrDefault(key))
                {
                    throw new InvalidOperationException($"{session.Traits.Id} got {message.Number} after {_lastNumbers[key]}.");
                }

                _lastNumbers[key] = message.Number;
            }

            if (_holds is not null && packet.Qos == Qos.AtLeastOnce)
            {
                _metWhileHolding.Add(expected);
            }
        }
    }
}
