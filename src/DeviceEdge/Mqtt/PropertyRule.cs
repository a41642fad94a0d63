namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>A row of the table in section 2.2.2.2.</summary>
internal readonly record struct PropertyRule(PropertyType Type, PropertyPlace Places)
{
    private static readonly PropertyRule[] Rules = Table();

    public static PropertyRule Of(PropertyId id) => Of((uint)id);

    /// <summary>The rule for an identifier as it stands on the wire; for an unknown one a rule that allows it nowhere.</summary>
    public static PropertyRule Of(uint id) => id < Rules.Length ? Rules[id] : default;

    /// <summary>A user property anywhere, and a subscription identifier in PUBLISH (section 3.3.2.3.8).</summary>
    public bool MayRepeatIn(PropertyPlace place) =>
        Type == PropertyType.Pair || (Type == PropertyType.VarInt && place == PropertyPlace.Publish);

    private static PropertyRule[] Table()
    {
        var rules = new PropertyRule[(int)PropertyId.SharedSubscriptionAvailable + 1];
        Row(PropertyId.PayloadFormatIndicator, PropertyType.Flag, PropertyPlace.Message);
        Row(PropertyId.MessageExpiryInterval, PropertyType.UInt32, PropertyPlace.Message);
        Row(PropertyId.ContentType, PropertyType.Text, PropertyPlace.Message);
        Row(PropertyId.ResponseTopic, PropertyType.Text, PropertyPlace.Message);
        Row(PropertyId.CorrelationData, PropertyType.Data, PropertyPlace.Message);
        Row(PropertyId.SubscriptionIdentifier, PropertyType.VarInt, PropertyPlace.Publish | PropertyPlace.Subscribe);
        Row(PropertyId.SessionExpiryInterval, PropertyType.UInt32, PropertyPlace.Connect | PropertyPlace.ConnAck | PropertyPlace.Disconnect);
        Row(PropertyId.AssignedClientIdentifier, PropertyType.Text, PropertyPlace.ConnAck);
        Row(PropertyId.ServerKeepAlive, PropertyType.UInt16, PropertyPlace.ConnAck);
        Row(PropertyId.AuthenticationMethod, PropertyType.Text, PropertyPlace.Connect | PropertyPlace.ConnAck | PropertyPlace.Auth);
        Row(PropertyId.AuthenticationData, PropertyType.Data, PropertyPlace.Connect | PropertyPlace.ConnAck | PropertyPlace.Auth);
        Row(PropertyId.RequestProblemInformation, PropertyType.Flag, PropertyPlace.Connect);
        Row(PropertyId.WillDelayInterval, PropertyType.UInt32, PropertyPlace.Will);
        Row(PropertyId.RequestResponseInformation, PropertyType.Flag, PropertyPlace.Connect);
        Row(PropertyId.ResponseInformation, PropertyType.Text, PropertyPlace.ConnAck);
        Row(PropertyId.ServerReference, PropertyType.Text, PropertyPlace.ConnAck | PropertyPlace.Disconnect);
        Row(PropertyId.ReasonString, PropertyType.Text, PropertyPlace.ConnAck | PropertyPlace.Acknowledgement | PropertyPlace.Disconnect | PropertyPlace.Auth);
        Row(PropertyId.ReceiveMaximum, PropertyType.UInt16, PropertyPlace.Connect | PropertyPlace.ConnAck);
        Row(PropertyId.TopicAliasMaximum, PropertyType.UInt16, PropertyPlace.Connect | PropertyPlace.ConnAck);
        Row(PropertyId.TopicAlias, PropertyType.UInt16, PropertyPlace.Publish);
        Row(PropertyId.MaximumQos, PropertyType.Flag, PropertyPlace.ConnAck);
        Row(PropertyId.RetainAvailable, PropertyType.Flag, PropertyPlace.ConnAck);
        Row(PropertyId.UserProperty, PropertyType.Pair, PropertyPlace.Anywhere);
        Row(PropertyId.MaximumPacketSize, PropertyType.UInt32, PropertyPlace.Connect | PropertyPlace.ConnAck);
        Row(PropertyId.WildcardSubscriptionAvailable, PropertyType.Flag, PropertyPlace.ConnAck);
        Row(PropertyId.SubscriptionIdentifiersAvailable, PropertyType.Flag, PropertyPlace.ConnAck);
        Row(PropertyId.SharedSubscriptionAvailable, PropertyType.Flag, PropertyPlace.ConnAck);
        return rules;

        void Row(PropertyId id, PropertyType type, PropertyPlace places) => rules[(int)id] = new PropertyRule(type, places);
    }
}

/// <summary>Where a property may stand: in a packet, by its type, or among a will's.</summary>
[Flags]
internal enum PropertyPlace
{
    None = 0,
    Will = 1,
    Connect = 1 << PacketType.Connect,
    ConnAck = 1 << PacketType.ConnAck,
    Publish = 1 << PacketType.Publish,
    PubAck = 1 << PacketType.PubAck,
    PubRec = 1 << PacketType.PubRec,
    PubRel = 1 << PacketType.PubRel,
    PubComp = 1 << PacketType.PubComp,
    Subscribe = 1 << PacketType.Subscribe,
    SubAck = 1 << PacketType.SubAck,
    Unsubscribe = 1 << PacketType.Unsubscribe,
    UnsubAck = 1 << PacketType.UnsubAck,
    Disconnect = 1 << PacketType.Disconnect,
    Auth = 1 << PacketType.Auth,

    Message = Publish | Will,
    Acknowledgement = PubAck | PubRec | PubRel | PubComp | SubAck | UnsubAck,
    Anywhere = Connect | ConnAck | Message | Acknowledgement | Subscribe | Unsubscribe | Disconnect | Auth,
}

internal enum PropertyType
{
    /// <summary>A byte that is 0 or 1. Maximum QoS is one too, because 2 is said by leaving it out.</summary>
    Flag,
    UInt16,
    UInt32,
    VarInt,
    Text,
    Data,

    /// <summary>Two strings: a user property.</summary>
    Pair,
}

internal static class PropertyPlaces
{
    public static PropertyPlace Place(this PacketType type) => (PropertyPlace)(1 << (int)type);
}
