using System.Net;
using OrleansIoT.DeviceEdge.Identity;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// What the audit hears of CONNECT: refusals, and users that are let in. Not devices that are: a fleet that wakes up together
/// would write a row each, and the device itself says since when it is connected.
/// </summary>
internal sealed partial class DeviceSession
{
    private const string Action = "MqttConnect";

    /// <summary>As long as a device's key, which somebody may have put into the wrong field.</summary>
    private const int KeyLength = 43;

    private string? _shownName;
    private Claim? _shown;

    private IPAddress? Address => (_connection.RemoteEndPoint as IPEndPoint)?.Address;

    private Task NoteSignIn(Claim claim) =>
        claim.Caller.Kind == CallerKind.User
            ? _edge.Audit.Note(Entry(ReasonCode.Success) with { Actor = AuditActor.User, Subject = claim.Caller.Subject })
            : Task.CompletedTask;

    private Task NoteRefusal(ReasonCode reason, Failure? failure, string why)
    {
        var entry = Entry(reason) with
        {
            Result = failure == Failure.Unavailable ? AuditResult.Failed : AuditResult.Refused,
            Failure = CodeOf(failure),
            Reason = why,
        };

        // A user's token was checked here; what a device shows is checked by its grain, so that it may be anybody.
        return _edge.Audit.NoteRefusal(
            ClientAddress.Network(Address),
            _shown?.Caller is { Kind: CallerKind.User } user ? entry with { Actor = AuditActor.User, Subject = user.Subject }
            : entry with { Name = NameToNote() });
    }

    private AuditEntry Entry(ReasonCode reason) => new()
    {
        At = _edge.Time.GetUtcNow(),
        Tenant = _shown?.Caller.Tenant ?? GrainKey.DefaultTenant,
        Address = ClientAddress.Text(Address),
        Action = Action,
        Status = (int)reason,
    };

    /// <summary>What CONNECT has for a name, if it looks like one and not like a secret.</summary>
    private string NameToNote() =>
        _shownName is { Length: not KeyLength } name && (DeviceId.IsValid(name, out _) || UserRules.IsEmail(name, out _)) ? name : "";

    /// <summary>As the gateway's problems have it.</summary>
    private static string CodeOf(Failure? failure) => failure switch
    {
        Failure.Invalid => "invalid",
        Failure.NotSignedIn => "not_signed_in",
        Failure.Forbidden => "forbidden",
        Failure.NotFound => "not_found",
        Failure.Conflict => "conflict",
        Failure.TooLarge => "too_large",
        Failure.TooMany => "too_many",
        Failure.Unavailable => "unavailable",
        _ => "",
    };
}
