using System.Text;
using System.Text.Unicode;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Identity;

/// <summary>A device that has shown its key, and the grain to talk to.</summary>
internal sealed record SignedInDevice(
    string Id, Caller Caller, IDeviceGrain Grain, string ConnectionId, IDeviceConnection Reference);

/// <summary>
/// Where the credential of a CONNECT is checked, once, and becomes a <see cref="Caller"/>. The user name is the
/// device's id and the password its key; the client identifier decides nothing, because anybody may claim any.
/// </summary>
internal sealed class DeviceAuthenticator(IGrainFactory grains)
{
    private const string Tenant = GrainKey.DefaultTenant;

    /// <exception cref="FailureException">Forbidden: no credential. NotSignedIn: a wrong one. What the grain says.</exception>
    public async Task<SignedInDevice> SignIn(ConnectPacket connect, IDeviceConnection connection)
    {
        // No grain wakes up for what cannot be right.
        var (id, key) = CredentialOf(connect);
        Caller.SigningIn(Tenant, "edge").Enter();

        var device = new SignedInDevice(
            id,
            Caller.Device(Tenant, id),
            grains.Device(Tenant, id),
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

    private static (string Id, string Key) CredentialOf(ConnectPacket connect)
    {
        if (connect.UserName is not { Length: > 0 } id)
        {
            throw new FailureException(Failure.Forbidden, "The user name is the device's id and the password its key.");
        }

        return DeviceId.IsValid(id, out _)
               && connect.Password is { IsEmpty: false } password
               && Utf8.IsValid(password.Span)
            ? (id, Encoding.UTF8.GetString(password.Span))
            : throw new FailureException(Failure.NotSignedIn, "There is no such device, or this is not its key.");
    }
}
