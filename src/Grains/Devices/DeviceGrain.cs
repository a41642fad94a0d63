using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Identity;
using OrleansIoT.History;
using OrleansIoT.Identity;
using OrleansIoT.Topics;

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
}

public sealed partial class DeviceGrain(
    [PersistentState("device")] IPersistentState<DeviceState> state,
    ITelemetryHistory history,
    IDirectory directory,
    TimeProvider clock,
    ILogger<DeviceGrain> logger) : TenantGrain, IDeviceGrain
{
    private const int MaxNameLength = 200;
    private const int MaxFilters = 100;
    private const string Managers = "the role operator or admin";

    private Connection? _connection;
    private DateTimeOffset? _lastSeen;
    private long _redelivered;
    private long _refused;

    private string DirectoryKey => new GrainKey(Key.Tenant, "devices").ToString();

    /// <summary>
    /// A failed write, for one, ends an activation under a connected device. A connection that its grain does not know could
    /// be neither taken over nor revoked, so it ends, and the device connects anew.
    /// </summary>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Caller.System(Key.Tenant, "deactivation").Enter();
        return End(ConnectionEnd.Forgotten);
    }

    public async Task<string> Register(DeviceRegistration registration)
    {
        Demand(Permissions.MayManageDevices, Managers);
        if (!DeviceId.IsValid(Key.Name, out var why))
        {
            throw new FailureException(Failure.Invalid, why);
        }

        Check(registration);
        if (state.RecordExists)
        {
            throw new FailureException(Failure.Conflict, "There is a device with this id.");
        }

        // The directory first: an entry whose grain does not confirm it is not shown, a device nobody could find would be worse.
        await directory.Put(DirectoryKey, new DirectoryEntry(Key.Name, Key.Name, registration.Name));
        var key = DeviceKey.Create();
        state.State = new DeviceState
        {
            Name = registration.Name,
            CreatedAt = clock.GetUtcNow(),
            KeyHash = DeviceKey.Hash(key),
            Publish = registration.Publish,
            Subscribe = registration.Subscribe,
        };
        await Durably(state.WriteStateAsync);
        LogRegistered(logger, Key.ToString(), Caller.Current!.Subject);
        return key;
    }

    public async Task<string> RenewKey()
    {
        DemandRegistered(Permissions.MayManageDevices, Managers);
        var key = DeviceKey.Create();
        state.State = state.State with { KeyHash = DeviceKey.Hash(key) };
        await Durably(state.WriteStateAsync);
        LogKeyRenewed(logger, Key.ToString(), Caller.Current!.Subject);
        await End(ConnectionEnd.CredentialRevoked);
        return key;
    }

    public async Task Remove()
    {
        Demand(Permissions.MayManageDevices, Managers);
        var existed = state.RecordExists;
        if (existed)
        {
            await Durably(state.ClearStateAsync);
            LogRemoved(logger, Key.ToString(), Caller.Current!.Subject);
            await End(ConnectionEnd.CredentialRevoked);
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
        var tail = await history.ReadDeviceTail(Key.ToString(), 0);
        return new DeviceSnapshot(
            Key.Name,
            state.State.Name,
            state.State.CreatedAt,
            state.State.Publish,
            state.State.Subscribe,
            _lastSeen is null || tail.LastReceivedAt > _lastSeen ? tail.LastReceivedAt : _lastSeen,
            _connection?.Since,
            tail.Readings,
            _redelivered,
            _refused);
    }

    public Task<string> CredentialId()
    {
        DemandRegistered(Permissions.MayManageDevices, Managers);
        return Task.FromResult(DeviceKey.CredentialId(state.State.KeyHash));
    }

    public async Task Connect(string key, string connectionId, IDeviceConnection connection)
    {
        Demand(Permissions.MayCheckCredentials);
        if (!state.RecordExists || !DeviceKey.Matches(state.State.KeyHash, key))
        {
            ForgetNobody();
            throw new FailureException(Failure.NotSignedIn, "Device id or key is wrong.");
        }

        var before = _connection;
        _connection = new Connection(connectionId, connection, clock.GetUtcNow());
        _lastSeen = _connection.Since;
        DelayDeactivation(Timeout.InfiniteTimeSpan); // or an idle device would be forgotten while it is connected
        if (before is not null)
        {
            await before.Edge.End(ConnectionEnd.TakenOver);
        }
    }

    public Task Disconnect(string connectionId)
    {
        Demand(IsThisDevice);
        if (_connection?.Id == connectionId)
        {
            Forget();
        }

        return Task.CompletedTask;
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
            if (!TopicFilter.IsValid(filter, out var why))
            {
                throw new FailureException(Failure.Invalid, $"The filter '{filter}' is not one: {why}");
            }
        }
    }

    private void DemandRegistered(Func<Caller, string, bool> permission, string takes)
    {
        Demand(permission, takes);
        if (!state.RecordExists)
        {
            ForgetNobody();
            throw NotFound();
        }
    }

    private bool IsThisDevice(Caller caller, string tenant) => Permissions.IsDevice(caller, tenant, Key.Name);

    private async Task End(ConnectionEnd why)
    {
        if (_connection is { } connection)
        {
            Forget();
            await connection.Edge.End(why);
        }
    }

    private void Forget()
    {
        _connection = null;
        _lastSeen = clock.GetUtcNow();
        DelayDeactivation(TimeSpan.Zero);
    }

    /// <summary>Guessed ids do not stay in memory.</summary>
    private void ForgetNobody()
    {
        if (!state.RecordExists)
        {
            DeactivateOnIdle();
        }
    }

    private sealed record Connection(string Id, IDeviceConnection Edge, DateTimeOffset Since);
}
