using Microsoft.Extensions.Options;

namespace OrleansIoT.DeviceEdge;

/// <summary>Limits of the MQTT edge; section <c>DeviceEdge</c> of the configuration.</summary>
public sealed class DeviceEdgeOptions
{
    public const string Section = "DeviceEdge";

    /// <summary>How long a connection may take from its acceptance to the last byte of its CONNECT. Default: 10 seconds.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection that ends may take to store and acknowledge what has arrived. Default: 5 seconds.</summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The longest keep-alive in seconds. MQTT 5.0 devices are told when theirs is longer or none; a 3.1.1 device cannot
    /// be told and keeps its own. Default: 65,535, the longest that MQTT knows.
    /// </summary>
    public int MaxKeepAlive { get; set; } = ushort.MaxValue;

    /// <summary>The largest packet in bytes. Default: 262,144.</summary>
    public int MaxPacketSize { get; set; } = 256 * 1024;

    /// <summary>The largest payload in bytes. Default: 65,536.</summary>
    public int MaxPayloadSize { get; set; } = 64 * 1024;

    /// <summary>How many publishes of QoS 1 a device may have in flight. Default: 1,000.</summary>
    public int ReceiveMaximum { get; set; } = 1_000;

    /// <summary>The bytes of payload that one call to the device's grain carries at most, give or take one message. Default: 1,048,576.</summary>
    public int MaxBatchBytes { get; set; } = 1024 * 1024;

    /// <summary>How many connections there may be; another one is closed when it is accepted. Default: 100,000.</summary>
    public int MaxConnections { get; set; } = 100_000;
}

/// <summary>Refuses to start with options that make no sense.</summary>
internal sealed class DeviceEdgeOptionsCheck : IValidateOptions<DeviceEdgeOptions>
{
    public ValidateOptionsResult Validate(string? name, DeviceEdgeOptions options) =>
        Complaint(options) is { } complaint ? ValidateOptionsResult.Fail(complaint) : ValidateOptionsResult.Success;

    private static string? Complaint(DeviceEdgeOptions options) => options switch
    {
        _ when !IsTimeout(options.ConnectTimeout) => "DeviceEdge:ConnectTimeout is more than zero and at most 1 hour, written hh:mm:ss.",
        _ when !IsTimeout(options.CloseTimeout) => "DeviceEdge:CloseTimeout is more than zero and at most 1 hour, written hh:mm:ss.",
        { MaxKeepAlive: < 1 or > ushort.MaxValue } => "DeviceEdge:MaxKeepAlive is 1 to 65535.",
        { MaxPacketSize: < 1024 } => "DeviceEdge:MaxPacketSize is at least 1024.",
        { MaxPayloadSize: < 1 } => "DeviceEdge:MaxPayloadSize is at least 1.",
        { ReceiveMaximum: < 1 or > ushort.MaxValue } => "DeviceEdge:ReceiveMaximum is 1 to 65535.",
        { MaxBatchBytes: < 1 } => "DeviceEdge:MaxBatchBytes is at least 1.",
        { MaxConnections: < 1 } => "DeviceEdge:MaxConnections is at least 1.",
        _ => null,
    };

    /// <summary>A bare number is days to .NET, which nobody means.</summary>
    private static bool IsTimeout(TimeSpan time) => time > TimeSpan.Zero && time <= TimeSpan.FromHours(1);
}
