using System.Text;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Telemetry;

namespace OrleansIoT.EndToEnd.Tests.Sessions.Fuzz;

/// <summary>What a client of a run is for all of it.</summary>
/// <param name="MaximumPacketSize">Smaller than a message with a big payload, and larger than any other; or null.</param>
internal sealed record ClientTraits(
    string Id,
    MqttVersion Version,
    ushort ReceiveMaximum = ushort.MaxValue,
    ushort TopicAliasMaximum = 0,
    uint? MaximumPacketSize = null,
    bool UsesTopicAliases = false)
{
    public bool Is5 => Version == MqttVersion.V500;
}

/// <summary>Something that a client does. One that makes no sense where it stands is left out by whoever plays it.</summary>
internal abstract record Step(int Client);

/// <param name="IsDurable">Whether the session outlives the connection.</param>
internal sealed record Connect(int Client, bool CleanStart, bool IsDurable, WillPlan? Will) : Step(Client);

/// <param name="SendsWill">With reason 0x04.</param>
/// <param name="EndsSession">With a session expiry of 0.</param>
internal sealed record Disconnect(int Client, bool SendsWill, bool EndsSession) : Step(Client);

internal sealed record Cut(int Client, bool Reset) : Step(Client);

internal sealed record Subscribe(int Client, uint? Identifier, IReadOnlyList<Subscription> Subscriptions) : Step(Client)
{
    public override string ToString() => $"Subscribe {{ Client = {Client}, Identifier = {Identifier}, {string.Join(", ", Subscriptions)} }}";
}

internal sealed record Unsubscribe(int Client, string Filter) : Step(Client);

/// <summary>Messages of one or several clients, all on their way together.</summary>
internal sealed record Publish(IReadOnlyList<Message> Messages) : Step(Messages[0].Client)
{
    public override string ToString() => $"Publish {{ {string.Join(", ", Messages)} }}";
}

/// <summary>The client does not send this acknowledgement any more, until it lets go or its connection ends.</summary>
internal sealed record Hold(int Client, PacketType Ack) : Step(Client);

internal sealed record LetGo(int Client) : Step(Client);

internal sealed record WillPlan(Message Message, bool IsDelayed);

/// <param name="Client">Whose it is.</param>
/// <param name="Number">Tells it from every other of the run, and says in which order they were published.</param>
internal sealed record Message(int Client, int Number, string Topic, Qos Qos, bool Retain, Body Body, Extras Extras)
{
    public string Payload { get; } = Body switch
    {
        Body.Empty => "",
        Body.Big => $"{Number} {new string('x', 600)}",
        _ => $"{Number}",
    };

    /// <summary>Not published when it was numbered, but when a connection ends.</summary>
    public bool IsWill { get; init; }

    public override string ToString() =>
        $"{Client}: {Topic} '{Number}' {Qos}{(Retain ? " retained" : "")}{(Body == Body.Small ? "" : $" {Body}")}{(Extras == Extras.None ? "" : $" {Extras}")}";
}

internal enum Body
{
    Small,

    /// <summary>Larger than the Maximum Packet Size of a client that has one.</summary>
    Big,
    Empty,
}

/// <summary>The properties of a message that the server passes on as they are, and its expiry, which never comes.</summary>
internal sealed record Extras(
    bool IsText = false, string? ContentType = null, string? ResponseTopic = null, string? Correlation = null, int UserProperties = 0, bool Expires = false)
{
    public static readonly Extras None = new();

    private const uint Expiry = 100_000;

    /// <summary>No run takes as long.</summary>
    private const uint LongestWait = 1_000;

    public Properties ToProperties() => new()
    {
        PayloadFormatIndicator = IsText ? true : null,
        MessageExpiryInterval = Expires ? Expiry : null,
        ContentType = ContentType,
        ResponseTopic = ResponseTopic,
        CorrelationData = Correlation is null ? null : Encoding.UTF8.GetBytes(Correlation),
        UserProperties = [.. Users],
    };

    public bool AreIn(Properties properties) =>
        (properties.PayloadFormatIndicator ?? false) == IsText
        && (Expires ? properties.MessageExpiryInterval is <= Expiry and > Expiry - LongestWait : properties.MessageExpiryInterval is null)
        && properties.ContentType == ContentType
        && properties.ResponseTopic == ResponseTopic
        && (properties.CorrelationData is { } data ? Encoding.UTF8.GetString(data) : null) == Correlation
        && properties.UserProperties.SequenceEqual(Users);

    /// <summary>The same name again and again, as the order counts.</summary>
    private IEnumerable<UserProperty> Users => Enumerable.Range(0, UserProperties).Select(i => new UserProperty("name", $"{i}"));
}
