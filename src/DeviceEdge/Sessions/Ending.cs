using OrleansIoT.DeviceEdge.Mqtt;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>Why a connection ends.</summary>
/// <param name="Why">For the log.</param>
/// <param name="Say">What a 5.0 client hears in a DISCONNECT; null if there is nothing to say or nobody to hear it.</param>
/// <param name="PublishesWill">Section 3.1.2.5: whenever the client did not take its leave.</param>
/// <param name="IsFault">The client did wrong, which is worth a line in the log.</param>
internal sealed record Ending(string Why, ReasonCode? Say, bool PublishesWill, bool IsFault = false)
{
    public static readonly Ending Left = new("The device left.", null, PublishesWill: false); // [MQTT-3.14.4-3]

    public static readonly Ending LeftWithWill = new("The device left and wants its will published.", null, PublishesWill: true);

    public static readonly Ending Gone = new("The device is gone.", null, PublishesWill: true);

    public static readonly Ending Silent = new("Nothing was heard for one and a half times the keep-alive.", ReasonCode.KeepAliveTimeout, PublishesWill: true);

    public static readonly Ending NoConnect = new("No CONNECT within the time for it.", null, PublishesWill: false, IsFault: true);

    /// <summary>Nobody is to blame, and the client will be back: section 3.1.2.5 lets its will wait.</summary>
    public static readonly Ending Stopping = new("The server is shutting down.", ReasonCode.ServerShuttingDown, PublishesWill: true);

    /// <summary>Likewise, and the client is told where to go (section 4.11).</summary>
    public static readonly Ending Leaving = new("The server is shutting down; there are others.", ReasonCode.UseAnotherServer, PublishesWill: true);

    public static readonly Ending TakenOver = new("The same device has connected anew.", ReasonCode.SessionTakenOver, PublishesWill: true);

    /// <summary>The will of a device that was removed has no author any more.</summary>
    public static readonly Ending Revoked = new("The credential is no longer valid.", ReasonCode.NotAuthorized, PublishesWill: false);

    public static readonly Ending Expired = new("The credential has expired.", ReasonCode.NotAuthorized, PublishesWill: true);

    public static readonly Ending Forgotten = new("The device's grain lost the connection.", ReasonCode.ImplementationSpecificError, PublishesWill: true);

    /// <summary>In 3.1.1 a refused message can be told only like this.</summary>
    public static readonly Ending NotStored = new("A message was not stored.", null, PublishesWill: true);

    /// <summary>A grain did not answer. The device is to send again what has no PUBACK.</summary>
    public static readonly Ending Unknown = new("Whether messages are stored is not known.", ReasonCode.ImplementationSpecificError, PublishesWill: true);

    /// <summary>The client's queue can be neither read nor written.</summary>
    public static readonly Ending Undeliverable = new("What waits for the device cannot be sent.", ReasonCode.ImplementationSpecificError, PublishesWill: true);

    /// <summary>It asks so much that it is of no use any more (section 3.14.2.2.1).</summary>
    public static readonly Ending TooFast = new("Too many requests a second.", ReasonCode.MessageRateTooHigh, PublishesWill: true, IsFault: true);

    public static readonly Ending Bug = new("The server failed.", ReasonCode.UnspecifiedError, PublishesWill: true);

    public static Ending Broken(MqttProtocolException fault) => new(fault.Message, fault.Reason, PublishesWill: true, IsFault: true);

    public static Ending By(ConnectionEnd why) => why switch
    {
        ConnectionEnd.TakenOver => TakenOver,
        ConnectionEnd.Forgotten => Forgotten,
        _ => Revoked,
    };
}
