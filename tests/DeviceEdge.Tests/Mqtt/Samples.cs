using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Tests.Mqtt;

/// <summary>Every kind of packet of both versions, with everything in it that it may have, and with nothing.</summary>
internal static class Samples
{
    private static readonly UserProperty[] User = [new("a", "1"), new("a", "2"), new("größe", "\uFEFF𪛔")];

    private static readonly Properties MessageProperties = new()
    {
        PayloadFormatIndicator = true,
        MessageExpiryInterval = 3600,
        ContentType = "application/json",
        ResponseTopic = "answers/here",
        CorrelationData = [0, 1, 255],
        UserProperties = [.. User],
    };

    private static readonly Properties Reason = new() { ReasonString = "because", UserProperties = [.. User] };

    public static IEnumerable<(MqttPacket Packet, MqttVersion Version)> All =>
        [.. V311.Select(packet => (packet, MqttVersion.V311)), .. V500.Select(packet => (packet, MqttVersion.V500))];

    private static IEnumerable<MqttPacket> V311 =>
    [
        new ConnectPacket { Version = MqttVersion.V311, ClientId = "", KeepAlive = 60 },
        new ConnectPacket
        {
            Version = MqttVersion.V311, ClientId = "meter-7", CleanStart = false, UserName = "meter-7", Password = "key"u8.ToArray(),
            Will = new ConnectWill("devices/meter-7/gone", "x"u8.ToArray(), Qos.ExactlyOnce, true),
        },
        new ConnAckPacket { SessionPresent = true },
        new ConnAckPacket { Reason = ReasonCode.BadUserNameOrPassword },
        .. Messages(Properties.None),
        .. Acks(Properties.None, ReasonCode.Success),
        new SubscribePacket { PacketId = 10, Subscriptions = [new("a/b", Qos.AtLeastOnce), new("c/#", Qos.ExactlyOnce)] },
        new SubAckPacket { PacketId = 10, Reasons = [ReasonCode.Success, ReasonCode.GrantedQos2, ReasonCode.UnspecifiedError] },
        new UnsubscribePacket { PacketId = 11, Filters = ["a/b", "+/d"] },
        new UnsubAckPacket { PacketId = 11 },
        PingReqPacket.Instance,
        PingRespPacket.Instance,
        new DisconnectPacket(),
    ];

    private static IEnumerable<MqttPacket> V500 =>
    [
        new ConnectPacket { Version = MqttVersion.V500 },
        new ConnectPacket
        {
            Version = MqttVersion.V500, ClientId = "meter-7", CleanStart = false, KeepAlive = 10, Password = Array.Empty<byte>(),
            Will = new ConnectWill("gone", Array.Empty<byte>(), Qos.AtLeastOnce, false)
            {
                Properties = new Properties { WillDelayInterval = 5, ContentType = "text/plain", UserProperties = [.. User] },
            },
            Properties = new Properties
            {
                SessionExpiryInterval = 10, ReceiveMaximum = 20, MaximumPacketSize = 1000, TopicAliasMaximum = 3,
                RequestResponseInformation = true, RequestProblemInformation = false, UserProperties = [.. User],
                AuthenticationMethod = "SCRAM", AuthenticationData = [1, 2],
            },
        },
        new ConnAckPacket { SessionPresent = true },
        new ConnAckPacket
        {
            Reason = ReasonCode.UseAnotherServer,
            Properties = new Properties
            {
                SessionExpiryInterval = 0, ReceiveMaximum = 1, MaximumQos = Qos.AtLeastOnce, RetainAvailable = false,
                MaximumPacketSize = 1000, AssignedClientIdentifier = "you", TopicAliasMaximum = 7, ReasonString = "elsewhere",
                UserProperties = [.. User], WildcardSubscriptionAvailable = true, SubscriptionIdentifiersAvailable = true,
                SharedSubscriptionAvailable = false, ServerKeepAlive = 30, ResponseInformation = "answers/",
                ServerReference = "other:1883", AuthenticationMethod = "SCRAM", AuthenticationData = [3],
            },
        },
        .. Messages(MessageProperties),
        new PublishPacket
        {
            Topic = "", Payload = "x"u8.ToArray(),
            Properties = new Properties { TopicAlias = 3, SubscriptionIdentifiers = [1, 268_435_455] },
        },
        .. Acks(Properties.None, ReasonCode.Success),
        .. Acks(Properties.None, ReasonCode.PacketIdentifierNotFound, ReasonCode.QuotaExceeded),
        .. Acks(Reason, ReasonCode.Success),
        new SubscribePacket
        {
            PacketId = 10,
            Subscriptions = [new("a/+", Qos.AtMostOnce, true, true, RetainHandling.SendIfNew), new("$share/g/a", Qos.AtLeastOnce)],
            Properties = new Properties { SubscriptionIdentifiers = [128], UserProperties = [.. User] },
        },
        new SubAckPacket { PacketId = 10, Reasons = [ReasonCode.GrantedQos1, ReasonCode.WildcardSubscriptionsNotSupported], Properties = Reason },
        new UnsubscribePacket { PacketId = 11, Filters = ["a/b"], Properties = new Properties { UserProperties = [.. User] } },
        new UnsubAckPacket { PacketId = 11, Reasons = [ReasonCode.NoSubscriptionExisted, ReasonCode.Success], Properties = Reason },
        PingReqPacket.Instance,
        PingRespPacket.Instance,
        new DisconnectPacket(),
        new DisconnectPacket { Reason = ReasonCode.DisconnectWithWillMessage, Properties = new Properties { SessionExpiryInterval = 60 } },
        new DisconnectPacket { Reason = ReasonCode.ServerMoved, Properties = new Properties { ServerReference = "other", ReasonString = "moved" } },
        new AuthPacket(),
        new AuthPacket
        {
            Reason = ReasonCode.ContinueAuthentication,
            Properties = new Properties { AuthenticationMethod = "SCRAM", AuthenticationData = [1], ReasonString = "go on", UserProperties = [.. User] },
        },
    ];

    private static IEnumerable<MqttPacket> Messages(Properties properties) =>
    [
        new PublishPacket { Topic = "a/b", Payload = "21.5"u8.ToArray(), Properties = properties },
        new PublishPacket { Topic = "größe/𪛔", Qos = Qos.AtLeastOnce, PacketId = 1, Retain = true, Properties = properties },
        new PublishPacket { Topic = "a", Qos = Qos.ExactlyOnce, PacketId = 65_535, Dup = true, Payload = new byte[20_000], Properties = properties },
    ];

    private static IEnumerable<MqttPacket> Acks(Properties properties, ReasonCode reason, ReasonCode? toPublish = null) =>
    [
        new AckPacket(PacketType.PubAck, 1, toPublish ?? reason) { Properties = properties },
        new AckPacket(PacketType.PubRec, 2, toPublish ?? reason) { Properties = properties },
        new AckPacket(PacketType.PubRel, 3, reason) { Properties = properties },
        new AckPacket(PacketType.PubComp, 65_535, reason) { Properties = properties },
    ];
}
