using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// What a token says of itself, proved by its signature; or of a personal one, which has none, only claimed. Whether what it
/// stands for lives is for its holder's grain to say.
/// </summary>
/// <param name="Caller">Whom it names, for HTTP: until its end and the skew that clocks may have.</param>
/// <param name="EndsAt">Its <c>exp</c>.</param>
/// <param name="DeviceCredential">For a device's token, which of its credentials it stands for.</param>
/// <param name="KeyId">The key of ours that has signed it, or null.</param>
/// <param name="IsExternal">Whether an issuer that is not us has signed it.</param>
/// <param name="IsPersonal">Whether it is a personal access token: its holder's grain has only its hash, and has to see it each time.</param>
internal sealed record ProvedToken(
    Caller Caller,
    DateTimeOffset EndsAt,
    string? DeviceCredential = null,
    string? KeyId = null,
    bool IsExternal = false,
    bool IsPersonal = false)
{
    public static ProvedToken OfPerson(OpaqueToken token)
    {
        var claimed = new Caller(token.Tenant, token.UserId, CallerKind.User, Roles.None, token.Id, DateTimeOffset.MinValue);
        return new ProvedToken(claimed, DateTimeOffset.MinValue, IsPersonal: true);
    }
}
