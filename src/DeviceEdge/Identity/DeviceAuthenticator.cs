using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Identity;

/// <summary>
/// Where what a CONNECT shows becomes a <see cref="Claim"/>: a certificate, a token, a device's key, or nothing where that is
/// allowed. Only one of them: with two, one would go unchecked. The client identifier names one of the client's sessions and
/// decides nothing, because anybody may claim any.
/// </summary>
internal sealed class DeviceAuthenticator(IGrainFactory grains, IOptions<DeviceEdgeOptions> options, TokenCheck? tokens = null)
{
    /// <summary>The tenant of who does not name one: of certificates, whose authority is the installation's, and of those who show nothing.</summary>
    private const string Tenant = GrainKey.DefaultTenant;

    /// <summary>How a user's personal access token begins. It has dots, which a device's key has not.</summary>
    private const string PersonalPrefix = "iotp_";

    private static readonly SearchValues<char> Base64Url = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private readonly ImmutableArray<string> _anonymous = [.. options.Value.Anonymous];

    /// <exception cref="FailureException">Forbidden: no credential, or two. NotSignedIn: one that cannot be right, for which no grain wakes up.</exception>
    public async Task<Claim> Read(ConnectPacket connect, IFeatureCollection connection)
    {
        if (connection.Get<DeviceCertificate>() is { } certificate)
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
        return IsToken(secret) || IsPersonalToken(secret) ? await OfToken(connect, secret, connection) : OfKey(connect, secret);
    }

    private Claim OfCertificate(ConnectPacket connect, DeviceCertificate certificate)
    {
        if (connect.Password is not null)
        {
            throw new FailureException(Failure.Forbidden, "A connection with a client certificate has no password.");
        }

        if (!string.IsNullOrEmpty(connect.UserName) && connect.UserName != certificate.DeviceId)
        {
            throw new FailureException(Failure.NotSignedIn, "The user name is not the certificate's device.");
        }

        var caller = Caller.Device(Tenant, certificate.DeviceId) with { ExpiresAt = certificate.NotAfter };
        return OfDevice(caller, connect, new Credential(CredentialKind.Certificate, null, [])) with
        {
            IsRevoked = () => certificate.IsRevokedOrExpired,
        };
    }

    /// <summary>The token says who it is. A user name beside it may be left out, be that id, or a user's email address.</summary>
    private async Task<Claim> OfToken(ConnectPacket connect, string token, IFeatureCollection connection)
    {
        if (tokens is null)
        {
            throw new FailureException(
                Failure.NotSignedIn, "Tokens are not taken here, as this process cannot check them. A device connects with its key or its certificate.");
        }

        if (await tokens(token) is not var (caller, credentialId, isRevoked))
        {
            throw new FailureException(Failure.NotSignedIn, "The token is not one of ours, or not good any more.");
        }

        if (caller.Kind != CallerKind.Device && connection.Get<NoUserCredentials>() is { } no)
        {
            throw new FailureException(Failure.Forbidden, no.Why);
        }

        var isNamed = string.IsNullOrEmpty(connect.UserName)
            || connect.UserName == caller.Subject
            || connect.UserName == $"{caller.Tenant}/{caller.Subject}"
            || (caller.Kind == CallerKind.User && connect.UserName.Contains('@', StringComparison.Ordinal));
        if (!isNamed)
        {
            throw new FailureException(Failure.NotSignedIn, "The user name is not the token's.");
        }

        var credential = new Credential(CredentialKind.Token, credentialId, []);
        var claim = caller.Kind == CallerKind.Device
            ? OfDevice(caller, connect, credential)
            : new Claim(
                ClientGrains.PublisherName(caller.Subject),
                ClientIdOf(connect),
                credential,
                grains.UserClient(caller.Tenant, caller.Subject),
                caller,
                caller);
        return claim with { IsRevoked = isRevoked };
    }

    /// <summary>The user name is the device's id, with its tenant and a slash before it unless that is the installation's own.</summary>
    private Claim OfKey(ConnectPacket connect, string key)
    {
        if (connect.UserName is not { Length: > 0 } name)
        {
            throw NoCredential(connect);
        }

        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var (tenant, id) = slash < 0 ? (Tenant, name) : (name[..slash], name[(slash + 1)..]);
        return TenantName.IsValid(tenant, out _) && DeviceId.IsValid(id, out _)
            ? OfDevice(Caller.Device(tenant, id), connect, new Credential(CredentialKind.Key, key, []))
            : throw Wrong();
    }

    private Claim OfNobody(ConnectPacket connect)
    {
        var clientId = ClientIdOf(connect);
        var device = DeviceId.IsValid(clientId, out _) ? clientId : Named(clientId);
        return Of(Caller.Device(Tenant, device), clientId, new Credential(CredentialKind.None, null, _anonymous));
    }

    /// <summary>MQTT lets a client identifier be any text; as a device's id its hash stands for it.</summary>
    private static string Named(string clientId) =>
        $"client:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(clientId)).AsSpan(0, 16))}";

    private Claim OfDevice(Caller device, ConnectPacket connect, Credential credential) =>
        Of(device, ClientIdOf(connect), credential);

    private Claim Of(Caller device, string clientId, Credential credential) => new(
        device.Subject,
        clientId,
        credential,
        grains.Device(device.Tenant, device.Subject),
        Caller.SigningIn(device.Tenant, "edge"),
        device);

    private static string ClientIdOf(ConnectPacket connect) =>
        connect.ClientId.Length > 0 ? connect.ClientId : $"auto-{Guid.NewGuid():N}"; // [MQTT-3.1.3-6]

    /// <summary>Three parts in base64url (RFC 7515 section 7.1), or five when it is encrypted (RFC 7516 section 7.1). A device's key is one.</summary>
    private static bool IsToken(string secret)
    {
        var parts = secret.Split('.');
        return parts.Length is 3 or 5 && Array.TrueForAll(parts, part => part.Length > 0 && !part.AsSpan().ContainsAnyExcept(Base64Url));
    }

    private static bool IsPersonalToken(string secret) =>
        secret.StartsWith(PersonalPrefix, StringComparison.Ordinal) && secret.Contains('.', StringComparison.Ordinal);

    private static FailureException NoCredential(ConnectPacket connect) => string.IsNullOrEmpty(connect.UserName)
        ? new FailureException(Failure.Forbidden, "The user name is the device's id and the password its key, or the password is a token.")
        : Wrong();

    private static FailureException Wrong() => new(Failure.NotSignedIn, "There is no such device, or this is not its key.");
}
