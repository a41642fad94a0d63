namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>The versions spoken; the value is the protocol level in CONNECT (section 3.1.2.2).</summary>
public enum MqttVersion : byte
{
    V311 = 4,
    V500 = 5,
}
