using System.Collections.Immutable;

namespace OrleansIoT.Identity;

public enum CallerKind
{
    User = 1,
    Device,
    Service,
}

/// <summary>What a caller may do; see <see cref="Permissions"/> for what each of them means.</summary>
[Flags]
public enum Roles
{
    None = 0,

    /// <summary>Reads telemetry, and its own record.</summary>
    Viewer = 1,

    /// <summary>Reads, and registers, renews and removes devices.</summary>
    Operator = 2,

    /// <summary>Everything within its tenant.</summary>
    Admin = 4,

    /// <summary>A gateway or an edge while it checks a credential, and nothing else.</summary>
    SignIn = 8,

    /// <summary>The system itself: start-up, timers. Never given to anybody who comes from outside.</summary>
    System = 16,
}

/// <summary>
/// Who is calling: established once, where the credential was checked, and carried to every grain in
/// <see cref="RequestContext"/>. This file is the only one that knows under which key.
/// </summary>
/// <param name="Tenant">The tenant that the caller belongs to; it sees no other.</param>
/// <param name="Subject">The user's or the device's id, or the service's name.</param>
/// <param name="Kind">User, device or service.</param>
/// <param name="Roles">What it may do.</param>
/// <param name="TokenId">The <c>jti</c> of the token that proved it (RFC 7519 section 4.1.7), or null.</param>
/// <param name="ExpiresAt">From this moment on the caller is nobody.</param>
/// <param name="SessionId">What the caller signed in with: a session, a personal access token, a secret; null for what has none.</param>
/// <param name="Grants">Topic filters that narrow what its roles let it read and publish; '!' in front denies. None: nothing is narrowed.</param>
[GenerateSerializer, Immutable, Alias("iot.Caller")]
public sealed record Caller(
    [property: Id(0)] string Tenant,
    [property: Id(1)] string Subject,
    [property: Id(2)] CallerKind Kind,
    [property: Id(3)] Roles Roles,
    [property: Id(4)] string? TokenId,
    [property: Id(5)] DateTimeOffset ExpiresAt,
    [property: Id(6)] string? SessionId = null,
    [property: Id(7)] ImmutableArray<string> Grants = default)
{
    private const string Key = "iot.caller";

    /// <summary>The caller of the request that runs, or null.</summary>
    public static Caller? Current => RequestContext.Get(Key) switch
    {
        Caller caller => caller,
        CallerEnvelope envelope => envelope.Caller,
        _ => null,
    };

    /// <summary>What proves the caller of the request that runs, or null where nothing does.</summary>
    public static CallerEnvelope? Envelope => RequestContext.Get(Key) as CallerEnvelope;

    /// <summary>From here on, until the surrounding asynchronous method ends, grain calls are this caller's.</summary>
    public void Enter() => RequestContext.Set(Key, this);

    /// <summary>Likewise, with the proof.</summary>
    public static void Enter(CallerEnvelope envelope) => RequestContext.Set(Key, envelope);

    /// <summary>A device that has shown its key.</summary>
    public static Caller Device(string tenant, string device) =>
        new(tenant, device, CallerKind.Device, Roles.None, null, DateTimeOffset.MaxValue);

    /// <summary>A gateway or an edge that asks a grain to check a credential.</summary>
    public static Caller SigningIn(string tenant, string service) =>
        new(tenant, service, CallerKind.Service, Roles.SignIn, null, DateTimeOffset.MaxValue);

    /// <summary>The system itself, under the name of what it is doing.</summary>
    public static Caller System(string tenant, string name) =>
        new(tenant, name, CallerKind.Service, Roles.System, null, DateTimeOffset.MaxValue);
}
