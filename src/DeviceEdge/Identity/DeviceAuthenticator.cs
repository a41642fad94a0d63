using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.DeviceEdge.Identity;

/// <summary>
/// Who connects, as far as the edge can tell. A device's grain has the last word: whether there is such a device, whether
/// this is its key, or the credential that its token names.
/// </summary>
/// <param name="Caller">A device or a user, as which the connection calls grains until <see cref="Caller.ExpiresAt"/>.</param>
/// <param name="Credential">What was shown.</param>
/// <param name="ClientId">The client identifier, perhaps one that was assigned.</param>
/// <param name="Certificate">The connection ends when it is revoked or expires; null if none was shown.</param>
internal sealed record Identified(Caller Caller, Credential Credential, string ClientId, DeviceCertificate? Certificate = null)
{
    /// <summary>The device's or the user's.</summary>
    public string Id => Caller.Subject;

    public DateTimeOffset ExpiresAt => Caller.ExpiresAt;

    public bool IsUser => Caller.Kind == CallerKind.User;
}

/// <summary>A device that has shown its key, and the grain to talk to.</summary>
internal sealed record SignedInDevice(
    string Id, Caller Caller, IDeviceGrain Grain, string ConnectionId, IDeviceConnection Reference);

/// <summary>
/// Where the credential of a CONNECT is checked, once, and becomes a <see cref="Caller"/>: a certificate, a token, a
/// device's key, or nothing where that is allowed. Only one of them: with two, one would go unchecked.
/// </summary>
internal sealed class DeviceAuthenticator(IGrainFactory grains, IOptions<DeviceEdgeOptions> options, TokenCheck? tokens = null)
{
    private const string Tenant = GrainKey.DefaultTenant;

    private static readonly SearchValues<char> Base64Url = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private readonly ImmutableArray<string> _anonymous = [.. options.Value.Anonymous];

    /// <exception cref="FailureException">Forbidden: no credential, or two. NotSignedIn: a wrong one.</exception>
    public async Task<Identified> Identify(ConnectPacket connect, IFeatureCollection features)
    {
        if (features.Get<DeviceCertificate>() is { } certificate)
        {
            return OfCertificate(connect, certificate);
        }

        if (connect.Password is not { IsEmpty: false } password)
        {
            return string.IsNullOrEmpty(connect.UserName) && connect.Password is null && !_anonymous.IsEmpty
                ? OfNobody(connect)
                : throw NoCredential(connect);
        }

        var secret = Utf8.IsValid(password.Span) ? Encoding.UTF8.GetString(password.Span) : throw Wrong();
        return IsToken(secret) ? await OfToken(connect, secret) : OfKey(connect, secret);
    }

    /// <exception cref="FailureException">As <see cref="Identify"/>, and what the grain says.</exception>
    public async Task<SignedInDevice> SignIn(ConnectPacket connect, IFeatureCollection features, IDeviceConnection connection)
    {
        // No grain wakes up for what cannot be right.
        var who = await Identify(connect, features);
        if (who.Credential is not { Kind: CredentialKind.Key, Secret: { } key })
        {
            throw new FailureException(Failure.Forbidden, "Only a device's key is taken.");
        }

        Caller.SigningIn(Tenant, "edge").Enter();
        var device = new SignedInDevice(
            who.Id,
            who.Caller,
            grains.Device(Tenant, who.Id),
            Guid.NewGuid().ToString("N"),
            grains.CreateObjectReference<IDeviceConnection>(connection));
        try
        {
            await device.Grain.Connect(key, device.ConnectionId, device.Reference);
        }
        catch
        {
            grains.DeleteObjectReference<IDeviceConnection>(device.Reference);
            throw;
        }

        return device;
    }

    public async Task SignOut(SignedInDevice device)
    {
        grains.DeleteObjectReference<IDeviceConnection>(device.Reference);
        device.Caller.Enter();
        await device.Grain.Disconnect(device.ConnectionId);
    }

    private static Identified OfCertificate(ConnectPacket connect, DeviceCertificate certificate)
    {
        if (connect.Password is not null)
        {
            throw new FailureException(Failure.Forbidden, "A connection with a client certificate has no password.");
        }

        return string.IsNullOrEmpty(connect.UserName) || connect.UserName == certificate.DeviceId
            ? new Identified(
                Caller.Device(Tenant, certificate.DeviceId) with { ExpiresAt = certificate.NotAfter },
                new Credential(CredentialKind.Certificate, null, []),
                ClientIdOf(connect, certificate.DeviceId),
                certificate)
            : throw new FailureException(Failure.NotSignedIn, "The user name is not the certificate's device.");
    }

    /// <summary>The token says who it is. A user name beside it may be left out, be that id, or a user's email address.</summary>
    private async Task<Identified> OfToken(ConnectPacket connect, string token)
    {
        if (tokens is null || await tokens(token) is not var (caller, credentialId))
        {
            throw new FailureException(Failure.NotSignedIn, "The token is not one of ours, or not good any more.");
        }

        var isNamed = string.IsNullOrEmpty(connect.UserName)
            || connect.UserName == caller.Subject
            || (caller.Kind == CallerKind.User && connect.UserName.Contains('@', StringComparison.Ordinal));
        return isNamed
            ? new Identified(caller, new Credential(CredentialKind.Token, credentialId, []), ClientIdOf(connect, caller.Subject))
            : throw new FailureException(Failure.NotSignedIn, "The user name is not the token's.");
    }

    private static Identified OfKey(ConnectPacket connect, string key) =>
        connect.UserName is not { Length: > 0 } id ? throw NoCredential(connect)
        : DeviceId.IsValid(id, out _)
            ? new Identified(Caller.Device(Tenant, id), new Credential(CredentialKind.Key, key, []), ClientIdOf(connect, id))
            : throw Wrong();

    private Identified OfNobody(ConnectPacket connect)
    {
        var id = connect.ClientId.Length > 0 ? connect.ClientId : $"anonymous-{Guid.NewGuid():N}";
        return DeviceId.IsValid(id, out var why)
            ? new Identified(Caller.Device(Tenant, id), new Credential(CredentialKind.None, null, _anonymous), id)
            : throw new FailureException(Failure.NotSignedIn, $"Without credentials the client id is the device's id. {why}");
    }

    private static string ClientIdOf(ConnectPacket connect, string id) => connect.ClientId.Length > 0 ? connect.ClientId : id;

    /// <summary>Three parts in base64url (RFC 7515 section 7.1). A device's key is one.</summary>
    private static bool IsToken(string secret)
    {
        var parts = secret.Split('.');
        return parts.Length == 3 && Array.TrueForAll(parts, part => part.Length > 0 && !part.AsSpan().ContainsAnyExcept(Base64Url));
    }

    private static FailureException NoCredential(ConnectPacket connect) => string.IsNullOrEmpty(connect.UserName)
        ? new FailureException(Failure.Forbidden, "The user name is the device's id and the password its key, or the password is a token.")
        : Wrong();

    private static FailureException Wrong() => new(Failure.NotSignedIn, "There is no such device, or this is not its key.");
}
