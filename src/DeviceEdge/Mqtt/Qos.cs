namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>Quality of service (section 4.3).</summary>
public enum Qos : byte
{
    AtMostOnce = 0,
    AtLeastOnce = 1,
    ExactlyOnce = 2,
}
