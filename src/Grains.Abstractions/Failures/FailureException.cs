namespace OrleansIoT.Failures;

/// <summary>
/// What a caller can act on. Everything else is a bug or an outage and travels as the exception it is.
/// </summary>
public enum Failure
{
    /// <summary>The request itself is wrong; the message says what would be right.</summary>
    Invalid = 1,

    /// <summary>Nobody valid is calling: no credential, a wrong one, or one that has expired.</summary>
    NotSignedIn,

    /// <summary>The caller is known and may not do this.</summary>
    Forbidden,

    /// <summary>There is no such thing, or it belongs to another tenant, which looks the same.</summary>
    NotFound,

    /// <summary>It exists already, or somebody else changed it in between.</summary>
    Conflict,

    /// <summary>More bytes or items than the limit that the message names.</summary>
    TooLarge,

    /// <summary>Too often or too many; later is fine.</summary>
    TooMany,

    /// <summary>The service cannot do it now, nothing was stored, and the same request may succeed later.</summary>
    Unavailable,
}

/// <summary>
/// A refusal, with a message for the person who called. Mapped to HTTP in one file of the gateway and to MQTT in one
/// file of the edge, and nowhere else.
/// </summary>
[GenerateSerializer, Alias("iot.FailureException")]
public sealed class FailureException(Failure failure, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    [Id(0)]
    public Failure Failure { get; } = failure;

    /// <summary>How long to wait before the same may succeed, where that is known; null where it is not.</summary>
    [Id(1)]
    public TimeSpan? RetryAfter { get; init; }
}
