using Microsoft.Extensions.Logging;
using OrleansIoT.Failures;
using OrleansIoT.History;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

/// <summary>What is stored of a tenant.</summary>
[GenerateSerializer, Alias("iot.TenancyState")]
public sealed record TenancyState
{
    [Id(0)] public string Title { get; init; } = "";
    [Id(1)] public bool Active { get; init; }
    [Id(2)] public DateTimeOffset CreatedAt { get; init; }
}

public sealed partial class TenancyGrain(
    [PersistentState("tenancy")] IPersistentState<TenancyState> stored,
    IDirectory directory,
    TimeProvider clock,
    ILogger<TenancyGrain> logger) : TenantGrain, ITenancyGrain
{
    private const int MaxTitleLength = 200;

    private static readonly string DirectoryKey = new GrainKey(GrainKey.SystemTenant, "tenants").ToString();

    private readonly DurableState<TenancyState> _state = new(stored);

    private string Name => Key.Name;

    private bool IsInstallations => Name == GrainKey.DefaultTenant;

    public async Task<CreatedTenant> Create(string title, string administratorEmail)
    {
        var caller = DemandManager();
        if (!TenantName.IsValid(Name, out var why) || !UserRules.IsEmail(administratorEmail, out why))
        {
            throw new FailureException(Failure.Invalid, why);
        }

        if (title.Length > MaxTitleLength || title.AsSpan().ContainsAnyInRange('\0', '\x1f'))
        {
            throw new FailureException(Failure.Invalid, $"A tenant's title has at most {MaxTitleLength} characters and no control characters.");
        }

        if (_state.Exists || IsInstallations)
        {
            throw new FailureException(Failure.Conflict, "There is a tenant with this name.");
        }

        // Its administrator first: a tenant that is there can be administered, whenever this is cut off.
        var administrator = await Administrator(administratorEmail);
        await directory.Put(DirectoryKey, new DirectoryEntry(Name, Name, title));
        await Durably(() => _state.Write(_ => new TenancyState { Title = title, Active = true, CreatedAt = clock.GetUtcNow() }));
        LogCreated(logger, Name, caller.Subject);
        return new CreatedTenant(ToRecord(), administrator);
    }

    public Task<TenantRecord> Get()
    {
        var caller = Current();
        if (!Permissions.MayManageTenants(caller) && !Permissions.MayManageUsers(caller, Name))
        {
            throw NotFound();
        }

        DemandThere();
        return Task.FromResult(ToRecord());
    }

    public async Task<TenantRecord> SetActive(bool active)
    {
        var caller = DemandManager();
        DemandThere();
        if (IsInstallations)
        {
            throw new FailureException(Failure.Conflict, "The installation's own tenant is always active.");
        }

        if (active != _state.Value.Active)
        {
            await Durably(() => _state.Write(tenant => tenant with { Active = active }));
            LogActive(logger, Name, active, caller.Subject);
        }

        // Also when it was so before: the one who said it then may have been cut off here.
        await Announce();
        return ToRecord();
    }

    public Task<bool> IsActive()
    {
        Demand(Permissions.MayCheckCredentials);
        ForgetNobody();
        return Task.FromResult(!_state.Exists || _state.Value.Active);
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such tenant.");

    /// <summary>Every tenant's key is the system's, so it is not the key that says who may.</summary>
    private static Caller Current() => Caller.Current ?? throw new FailureException(Failure.NotSignedIn, "Sign in first.");

    private Caller DemandManager()
    {
        var caller = Current();
        return Permissions.MayManageTenants(caller) ? caller
            : Permissions.MayManageUsers(caller, Name)
                ? throw new FailureException(Failure.Forbidden, "This takes an administrator of the installation's own tenant.")
                : throw NotFound();
    }

    private void DemandThere()
    {
        if (!_state.Exists && !IsInstallations)
        {
            ForgetNobody();
            throw NotFound();
        }
    }

    /// <summary>One that was made by a creation that was cut off gets a password that somebody knows.</summary>
    private async Task<CreatedUser> Administrator(string email)
    {
        Caller.System(Name, "tenant").Enter();
        var user = GrainFactory.User(Name, email);
        try
        {
            return await user.Create("admin", null, Roles.Admin, []);
        }
        catch (FailureException e) when (e.Failure == Failure.Conflict)
        {
            var password = await user.ResetPassword();
            return new CreatedUser(await user.Change(new UserChange(null, true, Roles.Admin, [])), password);
        }
    }

    private async Task Announce()
    {
        Caller.System(Name, "revocation").Enter();
        await GrainFactory.Revocations().Revoke(new GrainKey(Name, "").ToString());
    }

    private TenantRecord ToRecord() => _state.Exists
        ? new TenantRecord(Name, _state.Value.Title, _state.Value.Active, _state.Value.CreatedAt)
        : new TenantRecord(Name, "", true, null);

    /// <summary>Guessed names do not stay in memory.</summary>
    private void ForgetNobody()
    {
        if (!_state.Exists)
        {
            DeactivateOnIdle();
        }
    }

    [LoggerMessage(LogLevel.Information, "Tenant {Tenant} was created by {Caller}")]
    private static partial void LogCreated(ILogger logger, string tenant, string caller);

    [LoggerMessage(LogLevel.Information, "Tenant {Tenant} was set active: {Active}, by {Caller}")]
    private static partial void LogActive(ILogger logger, string tenant, bool active, string caller);
}
