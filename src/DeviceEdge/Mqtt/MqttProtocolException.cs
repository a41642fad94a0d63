namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>
/// The other side broke a rule of MQTT, after which the connection ends (section 4.13).
/// </summary>
/// <param name="reason">What a CONNACK or DISCONNECT of MQTT 5.0 says about it.</param>
/// <param name="message">The rule that was broken; names no content of the packet, so it may be logged and sent.</param>
public sealed class MqttProtocolException(ReasonCode reason, string message) : Exception(message)
{
    public ReasonCode Reason { get; } = reason;

    internal static MqttProtocolException Malformed(string message) => new(ReasonCode.MalformedPacket, message);

    internal static MqttProtocolException Protocol(string message) => new(ReasonCode.ProtocolError, message);
}
