namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>The form of a topic filter (sections 4.7 and 4.8.2); which ones a client may have is not decided here.</summary>
internal static class TopicFilters
{
    private const string Share = "$share/";

    public static bool IsShared(string filter) => filter.StartsWith(Share, StringComparison.Ordinal);

    public static string Read(ref WireReader wire, MqttVersion version)
    {
        var filter = wire.String();
        var rest = filter.AsSpan();
        if (version == MqttVersion.V500 && IsShared(filter))
        {
            rest = rest[Share.Length..];
            var name = rest.IndexOf('/');
            if (name <= 0 || rest[..name].ContainsAny('+', '#')) // [MQTT-4.8.2-1], [MQTT-4.8.2-2]
            {
                throw Invalid("A shared subscription is $share, a name without wildcards, and a topic filter.");
            }

            rest = rest[(name + 1)..];
        }

        Check(rest);
        return filter;
    }

    private static void Check(ReadOnlySpan<char> filter)
    {
        if (filter.IsEmpty)
        {
            throw MqttProtocolException.Protocol("A topic filter has at least one character."); // [MQTT-4.7.3-1]
        }

        for (var at = filter.IndexOfAny('+', '#'); at >= 0; at = filter.IndexOfAny('+', '#'))
        {
            var endsLevel = at == filter.Length - 1 || (filter[at] == '+' && filter[at + 1] == '/');
            if (!endsLevel || (at > 0 && filter[at - 1] != '/'))
            {
                throw Invalid("A wildcard has its level to itself, and '#' is the last."); // [MQTT-4.7.1-1], [MQTT-4.7.1-2]
            }

            filter = filter[(at + 1)..]; // which begins with the '/' that ended the level
        }
    }

    private static MqttProtocolException Invalid(string message) => new(ReasonCode.TopicFilterInvalid, message);
}
