using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansIoT.Failures;
using OrleansIoT.History;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

/// <summary>What is stored of a service account.</summary>
[GenerateSerializer, Alias("iot.ServiceAccountState")]
public sealed record ServiceAccountState
{
    [Id(0)] public string Name { get; init; } = "";
    [Id(1)] public bool Active { get; init; }
    [Id(2)] public Roles Roles { get; init; }
    [Id(3)] public ImmutableArray<string> Grants { get; init; } = [];
    [Id(4)] public DateTimeOffset CreatedAt { get; init; }
    [Id(5)] public byte[] SecretHash { get; init; } = [];

    /// <summary>Names the secret in tokens, and changes with it.</summary>
    [Id(6)] public string SecretId { get; init; } = "";
}

public sealed partial class ServiceAccountGrain(
    [PersistentState("service")] IPersistentState<ServiceAccountState> stored,
    IDirectory directory,
    TimeProvider clock,
    ILogger<ServiceAccountGrain> logger) : AccountGrain, IServiceAccountGrain
{
    private readonly DurableState<ServiceAccountState> _state = new(stored);

    private string DirectoryKey => new GrainKey(Key.Tenant, "services").ToString();

    public async Task<string> Create(string name, Roles roles, ImmutableArray<string> grants)
    {
        var caller = Demand(Permissions.MayManageUsers, Managers);
        Check(name, roles, grants);
        if (!Key.Name.StartsWith($"{Key.Tenant}.", StringComparison.Ordinal))
        {
            throw new FailureException(Failure.Invalid, "A service account's id begins with its tenant and a dot.");
        }

        if (_state.Exists)
        {
            throw new FailureException(Failure.Conflict, "There is a service account with this id.");
        }

        await directory.Put(DirectoryKey, new DirectoryEntry(Key.Name, Key.Name, name));
        var secret = Secret.Create();
        await Durably(() => _state.Write(_ => new ServiceAccountState
        {
            Name = name,
            Active = true,
            Roles = roles,
            Grants = grants,
            CreatedAt = clock.GetUtcNow(),
            SecretHash = Secret.Hash(secret),
            SecretId = Secret.CreateId(),
        }));
        LogCreated(logger, Key.ToString(), caller.Subject);
        return secret;
    }

    public Task<ServiceAccountRecord> Get()
    {
        DemandThere((caller, tenant) => Permissions.MayManageUsers(caller, tenant) || Permissions.IsAccount(caller, tenant, Key.Name));
        return Task.FromResult(ToRecord());
    }

    public async Task<ServiceAccountRecord> Change(ServiceAccountChange change)
    {
        var caller = DemandThere(Permissions.MayManageUsers);
        var before = _state.Value;
        var after = before with
        {
            Name = change.Name ?? before.Name,
            Active = change.Active ?? before.Active,
            Roles = change.Roles ?? before.Roles,
            Grants = change.Grants ?? before.Grants,
        };
        Check(after.Name, after.Roles, after.Grants);
        if (after.Name != before.Name)
        {
            await directory.Put(DirectoryKey, new DirectoryEntry(Key.Name, Key.Name, after.Name));
        }

        // A new id, so that the tokens of before a deactivation do not come back to life with the account.
        await Durably(() => _state.Write(_ => after.Active ? after : after with { SecretId = Secret.CreateId() }));
        LogChanged(logger, Key.ToString(), caller.Subject);
        if (IsUnannounced || after.Active != before.Active || after.Roles != before.Roles || !after.Grants.SequenceEqual(before.Grants))
        {
            await RightsChanged(Key.Name);
        }

        return ToRecord();
    }

    public async Task Remove()
    {
        var caller = DemandThere(Permissions.MayManageUsers);
        await Durably(_state.Clear);
        LogRemoved(logger, Key.ToString(), caller.Subject);
        await RightsChanged(Key.Name);
        await directory.Remove(DirectoryKey, Key.Name);
        DeactivateOnIdle();
    }

    public async Task<string> RenewSecret()
    {
        var caller = DemandThere(Permissions.MayManageUsers);
        var before = _state.Value.SecretId;
        var secret = Secret.Create();
        await Durably(() => _state.Write(account => account with { SecretHash = Secret.Hash(secret), SecretId = Secret.CreateId() }));
        LogSecretRenewed(logger, Key.ToString(), caller.Subject);
        await SessionsEnded(Key.Name, [before]);
        return secret;
    }

    public Task<Admission?> SignIn(string secret) => AdmitIf(() => Secret.Matches(_state.Value.SecretHash, secret));

    public Task<Admission?> Admit(string secretId) => AdmitIf(() => _state.Value.SecretId == secretId);

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such service account.");

    private static void Check(string name, Roles roles, ImmutableArray<string> grants)
    {
        CheckName(name);
        CheckRights(roles, grants);
        if (roles == Roles.None)
        {
            throw new FailureException(Failure.Invalid, "A service account has at least one role.");
        }
    }

    private async Task<Admission?> AdmitIf(Func<bool> isShown)
    {
        Demand(Permissions.MayCheckCredentials);
        var isTenantActive = await IsTenantActive();
        if (!_state.Exists)
        {
            DeactivateOnIdle(); // guessed ids do not stay in memory
            return null;
        }

        return isTenantActive && _state.Value.Active && isShown()
            ? new Admission(Key.Name, _state.Value.Roles, _state.Value.Grants, _state.Value.SecretId, DateTimeOffset.MaxValue)
            : null;
    }

    private Caller DemandThere(Func<Caller, string, bool> permission)
    {
        var caller = Demand(permission, Managers);
        if (!_state.Exists)
        {
            DeactivateOnIdle();
            throw NotFound();
        }

        return caller;
    }

    private ServiceAccountRecord ToRecord() => new(
        Key.Name, _state.Value.Name, _state.Value.Active, _state.Value.Roles, _state.Value.Grants, _state.Value.CreatedAt);
}
