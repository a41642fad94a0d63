using System.Collections.Immutable;
using System.Text;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Identity;

/// <summary>
/// Where what a CONNECT shows becomes a <see cref="Claim"/>. The user name is the device's id and the password its key;
/// the client identifier names one of the device's sessions and decides nothing, because anybody may claim any.
/// </summary>
internal sealed class DeviceAuthenticator(IGrainFactory grains, IOptions<DeviceEdgeOptions> options)
{
    private const string Tenant = GrainKey.DefaultTenant;

    private readonly ImmutableArray<string> _anonymous = [.. options.Value.Anonymous];

    /// <exception cref="FailureException">Forbidden: no credential. NotSignedIn: one that cannot be right, for which no grain wakes up.</exception>
    /// <exception cref="MqttProtocolException">A client identifier that is to be a device's id is none.</exception>
    public Claim Read(ConnectPacket connect, IFeatureCollection connection)
    {
        _ = connection; // where TLS leaves what it has checked
        var clientId = connect.ClientId.Length > 0 ? connect.ClientId : Guid.NewGuid().ToString("N"); // [MQTT-3.1.3-6]
        return connect switch
        {
            { UserName: null, Password: null } when !_anonymous.IsEmpty => Anonymous(clientId),
            { UserName: not { Length: > 0 } } =>
                throw new FailureException(Failure.Forbidden, "The user name is the device's id and the password its key."),
            { UserName: { } device, Password: { IsEmpty: false } key } when DeviceId.IsValid(device, out _) && Utf8.IsValid(key.Span) =>
                Device(device, clientId, new Credential(CredentialKind.Key, Encoding.UTF8.GetString(key.Span), [])),
            _ => throw new FailureException(Failure.NotSignedIn, "There is no such device, or this is not its key."),
        };
    }

    private Claim Anonymous(string clientId) => DeviceId.IsValid(clientId, out var why)
        ? Device(clientId, clientId, new Credential(CredentialKind.None, null, _anonymous))
        : throw new MqttProtocolException(ReasonCode.ClientIdentifierNotValid, why);

    private Claim Device(string device, string clientId, Credential credential) => new(
        device, clientId, credential, grains.Device(Tenant, device), Caller.SigningIn(Tenant, "edge"), Caller.Device(Tenant, device));
}
