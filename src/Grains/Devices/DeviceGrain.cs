using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Sessions;
using OrleansIoT.History;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Devices;

/// <summary>What is stored of a device. Readings are not: they go to the history.</summary>
[GenerateSerializer, Alias("iot.DeviceState")]
public sealed record DeviceState
{
    [Id(0)] public string Name { get; init; } = "";
    [Id(1)] public DateTimeOffset CreatedAt { get; init; }
    [Id(2)] public byte[] KeyHash { get; init; } = [];
    [Id(3)] public ImmutableArray<string> Publish { get; init; } = [];
    [Id(4)] public ImmutableArray<string> Subscribe { get; init; } = [];

    /// <summary>When it first connected; the directory has it too.</summary>
    [Id(5)] public DateTimeOffset? SeenAt { get; init; }
}

public sealed partial class DeviceGrain(
    [PersistentState("device")] IPersistentState<DeviceState> stored,
    ClientSurroundings surroundings,
    IDirectory directory,
    ILogger<DeviceGrain> logger) : ClientGrain(surroundings, logger), IDeviceGrain
{
    private const int MaxNameLength = 200;
    private const int MaxFilters = 100;
    private const string Managers = "the role operator or admin";

    private readonly ITelemetryHistory _history = surroundings.History;
    private readonly TimeProvider _clock = surroundings.Clock;
    private readonly DurableState<DeviceState> _state = new(stored);
    private bool _isRemoved;

    protected override string PublisherName => Key.Name;

    protected override int MaxSessions => Limits.ConnectionsPerDevice;

    private string DirectoryKey => new GrainKey(Key.Tenant, "devices").ToString();

    public async Task<string> Register(DeviceRegistration registration)
    {
        Demand(Permissions.MayManageDevices, Managers);
        if (!DeviceId.IsValid(Key.Name, out var why))
        {
            throw new FailureException(Failure.Invalid, why);
        }

        Check(registration);
        DemandPassOn(registration.Publish, registration.Subscribe);
        if (_state.Exists)
        {
            throw new FailureException(Failure.Conflict, "There is a device with this id.");
        }

        // The directory first: an entry whose grain does not confirm it is not shown, a device nobody could find would be worse.
        var now = _clock.GetUtcNow();
        await directory.Put(DirectoryKey, new DirectoryEntry(Key.Name, Key.Name, registration.Name, now));
        var key = DeviceKey.Create();
        await Durably(() => _state.Write(_ => new DeviceState
        {
            Name = registration.Name,
            CreatedAt = now,
            KeyHash = DeviceKey.Hash(key),
            Publish = registration.Publish,
            Subscribe = registration.Subscribe,
        }));
        LogRegistered(logger, Key.ToString(), Caller.Current!.Subject);
        return key;
    }

    public async Task Change(DeviceChange change)
    {
        DemandRegistered(Permissions.MayManageDevices, Managers);
        var before = _state.Value;
        var after = before with
        {
            Name = change.Name ?? before.Name,
            Publish = change.Publish ?? before.Publish,
            Subscribe = change.Subscribe ?? before.Subscribe,
        };
        Check(new DeviceRegistration(after.Name, after.Publish, after.Subscribe));
        var hasRights = before.Publish.SequenceEqual(after.Publish) && before.Subscribe.SequenceEqual(after.Subscribe);
        if (!hasRights)
        {
            DemandPassOn(after.Publish, after.Subscribe);
        }

        await Durably(() => _state.Write(device => device with { Name = after.Name, Publish = after.Publish, Subscribe = after.Subscribe }));
        if (after.Name != before.Name)
        {
            await directory.Put(DirectoryKey, new DirectoryEntry(Key.Name, Key.Name, after.Name, after.CreatedAt, after.SeenAt));
        }

        LogChanged(logger, Key.ToString(), Caller.Current!.Subject);
        if (!hasRights)
        {
            await EndConnections(ConnectionEnd.CredentialRevoked);
        }
    }

    public async Task<string> RenewKey()
    {
        DemandRegistered(Permissions.MayManageDevices, Managers);
        DemandPassOn(_state.Value.Publish, _state.Value.Subscribe);
        var key = DeviceKey.Create();
        await Durably(() => _state.Write(device => device with { KeyHash = DeviceKey.Hash(key) }));
        LogKeyRenewed(logger, Key.ToString(), Caller.Current!.Subject);
        await EndConnections(ConnectionEnd.CredentialRevoked);
        return key;
    }

    public async Task Remove()
    {
        Demand(Permissions.MayManageDevices, Managers);
        var existed = _state.Exists;
        if (existed)
        {
            await Durably(_state.Clear);
            LogRemoved(logger, Key.ToString(), Caller.Current!.Subject);
            _isRemoved = true;
            await EndConnections(ConnectionEnd.CredentialRevoked);
            await DeleteSessions();
            Presence.Removed(Key.Name);
        }

        // Also when there was nothing: a registration that was cut off may have left its name.
        await directory.Remove(DirectoryKey, Key.Name);
        DeactivateOnIdle();
        if (!existed)
        {
            throw NotFound();
        }
    }

    public async Task<DeviceSnapshot> Get()
    {
        DemandRegistered(Permissions.MaySeeDevices, "the role viewer, operator or admin");
        var tail = await _history.ReadDeviceTail(Key.ToString());
        var sessions = await Snapshots();
        return new DeviceSnapshot(
            Key.Name,
            _state.Value.Name,
            _state.Value.CreatedAt,
            _state.Value.Publish,
            _state.Value.Subscribe,
            LastSeen is null || tail.LastReceivedAt > LastSeen ? tail.LastReceivedAt : LastSeen,
            ConnectedSince,
            tail.Readings,
            Publications.Redelivered,
            Presence.RefusalsOf(Key.Name),
            sessions);
    }

    public Task<string> CredentialId()
    {
        DemandRegistered(Permissions.MayManageDevices, Managers);
        DemandPassOn(_state.Value.Publish, _state.Value.Subscribe);
        return Task.FromResult(DeviceKey.CredentialId(_state.Value.KeyHash));
    }

    protected override bool IsClient(Caller caller, string tenant) => Permissions.IsDevice(caller, tenant, Key.Name);

    protected override ClientRights Authenticate(Credential credential)
    {
        Demand(Permissions.MayCheckCredentials);
        var isRight = credential switch
        {
            { Kind: CredentialKind.Key, Secret: { } key } => _state.Exists && DeviceKey.Matches(_state.Value.KeyHash, key),
            { Kind: CredentialKind.Token, Secret: { } id } => _state.Exists && IsCredential(id),
            { Kind: CredentialKind.Certificate } => _state.Exists,
            { Kind: CredentialKind.None } => !_state.Exists && !Key.Name.Contains('/', StringComparison.Ordinal),
            _ => false,
        };
        if (!isRight)
        {
            OnRefused(1, null, Failure.NotSignedIn, "It could not sign in: the credential is wrong.");
            ForgetNobody();
            throw new FailureException(Failure.NotSignedIn, "Device id or credential is wrong.");
        }

        return _state.Exists ? RightsOfState() : RightsOf(credential.Grants, credential.Grants);
    }

    /// <summary>
    /// What somebody may who has shown nothing is known to its edge only. Where no connection has said it to this
    /// activation, the will may go where it was allowed to go when the client connected.
    /// </summary>
    private protected override ValueTask<ClientRights?> RightsNow(ClientRights? last, Will will) => new(
        _isRemoved ? null
        : _state.Exists ? RightsOfState()
        : last ?? RightsOf([will.Message.Topic], []));

    /// <summary>The fleet is of those that are registered.</summary>
    private protected override void OnConnections()
    {
        if (_state.Exists)
        {
            Presence.Changed(Key.Name, ConnectedSince, LastSeen);
        }
    }

    private protected override void OnConnectionsLost()
    {
        if (_state.Exists && ConnectedSince is not null)
        {
            Presence.Changed(Key.Name, null, LastSeen);
        }
    }

    private protected override void OnRefused(int messages, string? topic, Failure failure, string detail)
    {
        if (_state.Exists)
        {
            Presence.Refused(Key.Name, messages, _clock.GetUtcNow(), topic, failure, detail);
        }
    }

    /// <summary>Once in the life of a device, so that it counts as seen after a restart too.</summary>
    private protected override async Task OnFirstConnection()
    {
        if (!_state.Exists || _state.Value.SeenAt is not null)
        {
            return;
        }

        try
        {
            var seen = _state.Value with { SeenAt = _clock.GetUtcNow() };
            await directory.Put(DirectoryKey, new DirectoryEntry(Key.Name, Key.Name, seen.Name, seen.CreatedAt, seen.SeenAt));
            await _state.Write(device => device with { SeenAt = seen.SeenAt });
        }
        catch (Exception e)
        {
            LogNotMarked(logger, Key.ToString(), e); // it may connect all the same, and the next time is as good
        }
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such device.");

    private static void Check(DeviceRegistration registration)
    {
        if (registration.Name.Length > MaxNameLength || registration.Name.AsSpan().ContainsAnyInRange('\0', '\x1f'))
        {
            throw new FailureException(
                Failure.Invalid, $"A device's name has at most {MaxNameLength} characters and no control characters.");
        }

        if (registration.Publish.Length > MaxFilters || registration.Subscribe.Length > MaxFilters)
        {
            throw new FailureException(Failure.Invalid, $"publish and subscribe have at most {MaxFilters} filters each.");
        }

        foreach (var filter in registration.Publish.Concat(registration.Subscribe))
        {
            if (!Permissions.IsGrant(filter, out var why))
            {
                throw new FailureException(Failure.Invalid, $"The filter '{filter}' is not one: {why}");
            }
        }
    }

    private void DemandRegistered(Func<Caller, string, bool> permission, string takes)
    {
        Demand(permission, takes);
        if (!_state.Exists)
        {
            ForgetNobody();
            throw NotFound();
        }
    }

    /// <summary>The caller gets to know a credential of the device, and with it everything that the device may.</summary>
    private void DemandPassOn(ImmutableArray<string> publish, ImmutableArray<string> subscribe)
    {
        if (!Permissions.MayPassOn(Caller.Current!, [$"devices/{Key.Name}/#", .. publish, .. subscribe]))
        {
            throw new FailureException(Failure.Forbidden, "You may not do this: the device may more than you are narrowed to.");
        }
    }

    private ClientRights RightsOfState() => RightsOf(_state.Value.Publish, _state.Value.Subscribe);

    private ClientRights RightsOf(ImmutableArray<string> publish, ImmutableArray<string> subscribe) =>
        new(publish, subscribe, Caller.Device(Key.Tenant, Key.Name));

    private bool IsCredential(string id) => CryptographicOperations.FixedTimeEquals(
        Encoding.UTF8.GetBytes(DeviceKey.CredentialId(_state.Value.KeyHash)), Encoding.UTF8.GetBytes(id));

    /// <summary>Guessed ids do not stay in memory.</summary>
    private void ForgetNobody()
    {
        if (!_state.Exists && !HasSessions)
        {
            DeactivateOnIdle();
        }
    }
}
