using System.Globalization;
using OrleansIoT.DeviceEdge.Mqtt;

namespace OrleansIoT.EndToEnd.Tests.Sessions.Fuzz;

/// <summary>Random clients and what they do: valid all of it, and the same for the same seed.</summary>
internal sealed class StepGenerator
{
    /// <summary>Sees every message and does nothing but publish.</summary>
    public const int Witness = 0;

    /// <summary>Topics of messages; the last two are the wills' as well.</summary>
    public static readonly IReadOnlyList<string> Topics = ["a", "a/b", "a/b/c", "a//c", "b", "b/c", "/a", "w/0", "w/1"];

    private static readonly string[] Filters =
    [
        "#", "+", "+/+", "+/#", "+/b/#", "/+", "+/a", "a/#", "a/+", "a/+/c", "a/+/+", "a", "a/b", "a/b/c", "a//c", "b/#", "b/+", "b", "w/+", "w/#", "w/0",
    ];

    private readonly Random _random;
    private readonly string _run;
    private readonly SessionModel _model;
    private int _lastNumber;

    public StepGenerator(int seed)
    {
        _random = new Random(seed);
        _run = seed.ToString(CultureInfo.InvariantCulture);
        Clients = [new ClientTraits("witness", MqttVersion.V500), .. Enumerable.Range(1, _random.Next(2, 5)).Select(NewClient)];
        _model = new SessionModel(Clients, merges: true);
        _model.Apply(new Connect(Witness, true, false, null));
    }

    public IReadOnlyList<ClientTraits> Clients { get; }

    public List<Step> Steps(int count)
    {
        var steps = new List<Step>();
        while (steps.Count < count)
        {
            var step = Next();
            if (_model.Allows(step))
            {
                _model.Apply(step);
                steps.Add(step);
            }
        }

        return steps;
    }

    private ClientTraits NewClient(int number)
    {
        var id = $"client{number}";
        return OneIn(3)
            ? new ClientTraits(id, MqttVersion.V311)
            : new ClientTraits(
                id, MqttVersion.V500,
                OneOf<ushort>(1, 2, 10, ushort.MaxValue), OneOf<ushort>(0, 1, 5), OneIn(4) ? 300 : null, OneIn(2));
    }

    private Step Next()
    {
        var client = _random.Next(1, Clients.Count);
        var session = _model.Sessions[client];
        return !session.IsConnected && !OneIn(3) ? NewConnect(client) : _random.Next(20) switch
        {
            0 => NewConnect(client),
            1 => new Disconnect(client, OneIn(3), OneIn(3)),
            2 => new Cut(client, OneIn(2)),
            3 or 4 or 5 or 6 => NewSubscribe(client),
            7 => NewUnsubscribe(client),
            8 => new Hold(client, OneOf(PacketType.PubAck, PacketType.PubRec, PacketType.PubComp)),
            9 or 10 => new LetGo(client),
            _ => NewPublish(),
        };
    }

    private Connect NewConnect(int client)
    {
        var isClean = OneIn(3);
        return new Connect(client, isClean, Clients[client].Is5 ? !OneIn(3) : !isClean, OneIn(2) ? NewWill(client) : null);
    }

    private WillPlan NewWill(int client) => new(
        NewMessage(client, OneOf("w/0", "w/1")) with { IsWill = true }, Clients[client].Is5 && OneIn(2));

    private Subscribe NewSubscribe(int client)
    {
        var is5 = Clients[client].Is5;
        var filters = Enumerable.Range(0, _random.Next(1, 4)).Select(_ => OneOf(Filters)).Distinct();
        return new Subscribe(
            client,
            is5 && OneIn(2) ? (uint)OneOf(1, 2, 127, 128, 268_435_455) : null,
            [.. filters.Select(filter => is5 ? NewSubscription(filter) : new Subscription(filter, OneOf<Qos>()))]);
    }

    private Subscription NewSubscription(string filter) => OneIn(5)
        ? new Subscription($"$share/{OneOf("one", "two")}{_run}/{filter}", OneOf<Qos>(), RetainAsPublished: OneIn(2))
        // Whether one's own will is local is not said, so those with No Local match none.
        : new Subscription(filter, OneOf<Qos>(), filter[0] is 'a' or 'b' && OneIn(3), OneIn(2), OneOf<RetainHandling>());

    private Unsubscribe NewUnsubscribe(int client)
    {
        var filters = _model.Sessions[client].Subscriptions.Keys.ToArray();
        return new Unsubscribe(client, filters.Length == 0 || OneIn(5) ? OneOf(Filters) : OneOf(filters));
    }

    /// <summary>Often one message; else several together, of which no two are retained on one topic.</summary>
    private Publish NewPublish()
    {
        var messages = new List<Message>();
        for (var i = OneIn(2) ? 1 : _random.Next(2, 12); i > 0; i--)
        {
            var message = NewMessage(_random.Next(Clients.Count), OneOf([.. Topics]));
            if (!messages.Exists(other => other.Topic == message.Topic && other.Retain && message.Retain))
            {
                messages.Add(message);
            }
        }

        return new Publish(messages);
    }

    private Message NewMessage(int client, string topic)
    {
        var retain = OneIn(3);
        var body = retain && OneIn(3) ? Body.Empty : OneIn(8) ? Body.Big : Body.Small;
        return new Message(client, ++_lastNumber, topic, OneOf<Qos>(), retain, body, Clients[client].Is5 && OneIn(2) ? NewExtras() : Extras.None);
    }

    private Extras NewExtras() => new(
        OneIn(2), OneIn(2) ? "text/plain" : null, OneIn(3) ? "answers/here" : null, OneIn(3) ? "c\u00F6" : null, _random.Next(3), OneIn(3));

    private bool OneIn(int n) => _random.Next(n) == 0;

    private T OneOf<T>(params T[] values) => values[_random.Next(values.Length)];

    private T OneOf<T>()
        where T : struct, Enum => OneOf(Enum.GetValues<T>());
}
