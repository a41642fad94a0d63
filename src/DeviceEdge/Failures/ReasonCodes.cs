using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Failures;

namespace OrleansIoT.DeviceEdge.Failures;

/// <summary>
/// From a failure to what MQTT calls it; the only place. In 5.0 a device can tell what to do from the code alone:
/// 0x83 send it again later, 0x97 send less, anything else is wrong for good.
/// </summary>
internal static class ReasonCodes
{
    /// <summary>Among those that PUBACK and PUBREC may have (sections 3.4.2.1, 3.5.2.1).</summary>
    public static ReasonCode OfPublish(Failure failure) => Of(failure, invalid: ReasonCode.PayloadFormatInvalid);

    /// <summary>Among those that SUBACK may have (section 3.9.3).</summary>
    public static ReasonCode OfSubscribe(Failure failure) => Of(failure, invalid: ReasonCode.TopicFilterInvalid);

    /// <summary>Among those that CONNACK may have (section 3.2.2.2).</summary>
    public static ReasonCode OfConnect(Failure failure) => failure switch
    {
        Failure.NotSignedIn or Failure.NotFound => ReasonCode.BadUserNameOrPassword,
        Failure.Forbidden => ReasonCode.NotAuthorized,
        Failure.Invalid or Failure.Conflict => ReasonCode.PayloadFormatInvalid,
        Failure.TooLarge or Failure.TooMany => ReasonCode.QuotaExceeded,
        Failure.Unavailable => ReasonCode.ServerUnavailable,
        _ => ReasonCode.UnspecifiedError,
    };

    private static ReasonCode Of(Failure failure, ReasonCode invalid) => failure switch
    {
        Failure.Invalid or Failure.Conflict => invalid,
        Failure.NotSignedIn or Failure.Forbidden or Failure.NotFound => ReasonCode.NotAuthorized,
        Failure.TooLarge or Failure.TooMany => ReasonCode.QuotaExceeded,
        Failure.Unavailable => ReasonCode.ImplementationSpecificError,
        _ => ReasonCode.UnspecifiedError,
    };
}
