using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.World;

internal sealed class UserGrain(InMemoryGrains world, string key) : IUserGrain
{
    private string Tenant => GrainKey.Parse(key).Tenant;

    private bool IsActive => world.Users.TryGetValue(key, out var user) ? user.Record.Active : world.Holders.ContainsKey(HolderKey);

    private string HolderKey => $"{Tenant}/{GrainKey.Parse(key).Name.Replace("@holder", "", StringComparison.Ordinal)}";

    private IEnumerable<SessionRecord> Live => world.Sessions.Values.Where(session => session.User == key).Select(session => session.Record);

    public async Task<UserRecord> Register(string username, string password, Roles roles)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayCheckCredentials(world.Admit(key), Tenant));
        InMemoryGrains.Demand(roles is Roles.None or Roles.Viewer);
        return Add(username, password, roles, []);
    }

    public async Task<CreatedUser> Create(string username, string? password, Roles roles, ImmutableArray<string> grants)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageUsers(world.Admit(key), Tenant));
        var made = password is null ? InMemoryGrains.Random(15) : null;
        return new CreatedUser(Add(username, password ?? made!, roles, grants), made);
    }

    public async Task<OpenedSession> SignIn(string password, SignInOrigin origin, TimeSpan lifetime)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayCheckCredentials(world.Admit(key), Tenant));
        return world.Users.TryGetValue(key, out var user) && user.Password == password && user.Record.Active && world.IsTenantActive(Tenant)
            ? Opened(user.Record, world.OpenSession(key, origin, lifetime))
            : throw new FailureException(Failure.NotSignedIn, "The email or the password is wrong.");
    }

    public async Task<OpenedSession> Refresh(string sessionId, string secret, SignInOrigin origin, TimeSpan lifetime)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayCheckCredentials(world.Admit(key), Tenant));
        var now = world.Clock.GetUtcNow();
        if (world.Sessions.TryGetValue(sessionId, out var session) && session.User == key && IsActive
            && session.Before == secret && now - session.Since < TimeSpan.FromSeconds(30))
        {
            return Opened(world.Users[key].Record, session);
        }

        if (session.User != key || !IsActive || session.Secret != secret)
        {
            End(sessionId);
            throw new FailureException(
                Failure.NotSignedIn, "The refresh token is not one of ours, was used already, or its session has ended. Sign in again.");
        }

        return Opened(world.Users[key].Record, world.Sessions[sessionId] = session with { Secret = InMemoryGrains.Random(32), Before = secret, Since = now });
    }

    public async Task<Admission?> Admit(string sessionId)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayCheckCredentials(world.AdmitUnrecorded(key), Tenant));
        return !IsActive || !world.IsTenantActive(Tenant) || !world.Sessions.TryGetValue(sessionId, out var session) || session.User != key ? null
            : world.Users.TryGetValue(key, out var user)
                ? new Admission(user.Record.Id, user.Record.Roles, user.Record.Grants, sessionId, session.Record.ExpiresAt)
                : new Admission(GrainKey.Parse(HolderKey).Name, world.Holders[HolderKey], [], sessionId, session.Record.ExpiresAt);
    }

    public async Task<Admission?> AdmitToken(string tokenId, string secret)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayCheckCredentials(world.AdmitUnrecorded(key), Tenant));
        if (!IsActive || !world.IsTenantActive(Tenant) || !world.Tokens.TryGetValue(tokenId, out var token) || token.User != key
            || token.Secret != secret || token.Record.ExpiresAt <= world.Clock.GetUtcNow())
        {
            return null;
        }

        var user = world.Users[key].Record;
        return new Admission(
            user.Id,
            token.Record.Roles == Roles.None ? user.Roles : user.Roles & token.Record.Roles,
            TopicGrants.Intersect(user.Grants, token.Record.Grants),
            tokenId,
            token.Record.ExpiresAt);
    }

    public async Task<UserRecord> Get()
    {
        await Task.Yield();
        return Seen();
    }

    public async Task<UserRecord> Change(UserChange change)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageUsers(world.Admit(key), Tenant));
        var (before, password) = world.Users.TryGetValue(key, out var user) ? user : throw InMemoryGrains.NotFound();
        var after = before with
        {
            Username = change.Username ?? before.Username,
            Active = change.Active ?? before.Active,
            Roles = change.Roles ?? before.Roles,
            Grants = change.Grants ?? before.Grants,
        };
        world.Users[key] = (after, password);
        world.Revoked.Enqueue($"{Tenant}/{after.Id}");
        return after;
    }

    public async Task Remove()
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageUsers(world.Admit(key), Tenant));
        _ = world.Users.TryRemove(key, out var user) ? true : throw InMemoryGrains.NotFound();
        world.Revoked.Enqueue($"{Tenant}/{user.Record.Id}");
    }

    public async Task<bool> HasPassword(string password)
    {
        await Task.Yield();
        Seen();
        return Permissions.IsSystem(Caller.Current!) && world.Users[key].Password == password;
    }

    public async Task ChangePassword(string current, string next)
    {
        await Task.Yield();
        var user = Seen();
        DemandSession(world.Admit(key));
        world.Users[key] = world.Users[key].Password == current ? (user, next)
            : throw new FailureException(Failure.NotSignedIn, "The current password is wrong.");
        EndOthers(Caller.Current!.SessionId);
    }

    public async Task<string> ResetPassword()
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageUsers(world.Admit(key), Tenant));
        var user = Seen();
        var password = InMemoryGrains.Random(15);
        world.Users[key] = (user, password);
        EndOthers(null);
        return password;
    }

    public async Task<ImmutableArray<SessionRecord>> Sessions()
    {
        await Task.Yield();
        Seen();
        return [.. Live];
    }

    public async Task EndSession(string sessionId)
    {
        await Task.Yield();
        Seen();
        End(Live.Any(session => session.Id == sessionId) ? sessionId : throw InMemoryGrains.NotFound());
    }

    public async Task EndSessions(string? except)
    {
        await Task.Yield();
        Seen();
        EndOthers(except);
    }

    public async Task<IssuedToken> IssueToken(string name, Roles roles, ImmutableArray<string> grants, TimeSpan lifetime)
    {
        await Task.Yield();
        var user = Seen();
        DemandSession(world.Admit(key));
        var now = world.Clock.GetUtcNow();
        var token = new TokenRecord(InMemoryGrains.Random(16), name, roles, grants, now, now + lifetime);
        world.Tokens[token.Id] = (key, token, InMemoryGrains.Random(32));
        return new IssuedToken(token, user.Id, world.Tokens[token.Id].Secret);
    }

    public async Task<ImmutableArray<TokenRecord>> Tokens()
    {
        await Task.Yield();
        Seen();
        return [.. world.Tokens.Values.Where(token => token.User == key).Select(token => token.Record)];
    }

    public async Task RemoveToken(string tokenId)
    {
        await Task.Yield();
        var user = Seen();
        _ = world.Tokens.TryGetValue(tokenId, out var token) && token.User == key && world.Tokens.TryRemove(tokenId, out _)
            ? true
            : throw InMemoryGrains.NotFound();
        world.Revoked.Enqueue($"{Tenant}/{user.Id}");
    }

    private static OpenedSession Opened(UserRecord user, (string User, SessionRecord Record, string Secret, string Before, DateTimeOffset Since) session) =>
        new(user, session.Record.Id, session.Secret, session.Record.ExpiresAt);

    private UserRecord Add(string username, string password, Roles roles, ImmutableArray<string> grants)
    {
        var email = GrainKey.Parse(key).Name;
        if (!UserRules.IsUsername(username, out var why) || !UserRules.IsPassword(password, email, username, out why))
        {
            throw new FailureException(Failure.Invalid, why);
        }

        var record = new UserRecord(Guid.NewGuid().ToString(), email, username, true, roles, world.Clock.GetUtcNow(), grants);
        return world.Users.TryAdd(key, (record, password))
            ? record
            : throw new FailureException(Failure.Conflict, "This email is registered already.");
    }

    private UserRecord Seen()
    {
        var caller = world.Admit(key);
        return world.Users.TryGetValue(key, out var user) && Permissions.MaySeeUser(caller, Tenant, user.Record.Id)
            ? user.Record
            : throw InMemoryGrains.NotFound();
    }

    private void DemandSession(Caller caller) => InMemoryGrains.Demand(Live.Any(session => session.Id == caller.SessionId));

    private void EndOthers(string? except) => Live.Where(session => session.Id != except).ToList().ForEach(session => End(session.Id));

    private void End(string sessionId)
    {
        if (world.Sessions.TryGetValue(sessionId, out var session) && session.User == key && world.Sessions.TryRemove(sessionId, out _))
        {
            world.Revoked.Enqueue($"{Tenant}/{(world.Users.TryGetValue(key, out var user) ? user.Record.Id : "")}");
        }
    }
}

internal sealed class ServiceAccountGrain(InMemoryGrains world, string key) : IServiceAccountGrain
{
    private string Tenant => GrainKey.Parse(key).Tenant;

    public async Task<string> Create(string name, Roles roles, ImmutableArray<string> grants)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageUsers(world.Admit(key), Tenant));
        var record = new ServiceAccountRecord(GrainKey.Parse(key).Name, name, true, roles, grants, world.Clock.GetUtcNow());
        world.Services[key] = (record, InMemoryGrains.Random(32));
        return world.Services[key].Secret;
    }

    public async Task<ServiceAccountRecord> Get()
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageUsers(world.Admit(key), Tenant));
        return Existing().Record;
    }

    public async Task<ServiceAccountRecord> Change(ServiceAccountChange change)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageUsers(world.Admit(key), Tenant));
        var (before, secret) = Existing();
        var after = before with
        {
            Name = change.Name ?? before.Name,
            Active = change.Active ?? before.Active,
            Roles = change.Roles ?? before.Roles,
            Grants = change.Grants ?? before.Grants,
        };
        world.Services[key] = (after, secret);
        world.Revoked.Enqueue(key);
        return after;
    }

    public async Task Remove()
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageUsers(world.Admit(key), Tenant));
        _ = world.Services.TryRemove(key, out _) ? true : throw InMemoryGrains.NotFound();
        world.Revoked.Enqueue(key);
    }

    public async Task<string> RenewSecret()
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageUsers(world.Admit(key), Tenant));
        world.Services[key] = (Existing().Record, InMemoryGrains.Random(32));
        world.Revoked.Enqueue(key);
        return world.Services[key].Secret;
    }

    public Task<Admission?> SignIn(string secret) => AdmitIf(known => known == secret);

    public Task<Admission?> Admit(string secretId) => AdmitIf(known => NameOf(known) == secretId);

    private static string NameOf(string secret) => $"secret-{secret[..8]}";

    private async Task<Admission?> AdmitIf(Func<string, bool> isShown)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayCheckCredentials(world.AdmitUnrecorded(key), Tenant));
        return world.Services.TryGetValue(key, out var service) && service.Record.Active && isShown(service.Secret) && world.IsTenantActive(Tenant)
            ? new Admission(service.Record.Id, service.Record.Roles, service.Record.Grants, NameOf(service.Secret), DateTimeOffset.MaxValue)
            : null;
    }

    private (ServiceAccountRecord Record, string Secret) Existing() =>
        world.Services.TryGetValue(key, out var service) ? service : throw InMemoryGrains.NotFound();
}

internal sealed class TenancyGrain(InMemoryGrains world, string key) : ITenancyGrain
{
    private string Name => GrainKey.Parse(key).Name;

    public async Task<CreatedTenant> Create(string title, string administratorEmail)
    {
        await Task.Yield();
        Demand();
        var tenant = new TenantRecord(Name, title, true, world.Clock.GetUtcNow());
        if (!world.Tenants.TryAdd(Name, tenant))
        {
            throw new FailureException(Failure.Conflict, "There is a tenant with this name.");
        }

        return new CreatedTenant(tenant, new CreatedUser(world.AddUser(administratorEmail, "made here", Roles.Admin, Name), "made here"));
    }

    public async Task<TenantRecord> Get()
    {
        await Task.Yield();
        var caller = Caller.Current!;
        return Permissions.MayManageTenants(caller) || Permissions.MayManageUsers(caller, Name) ? Existing() : throw InMemoryGrains.NotFound();
    }

    public async Task<TenantRecord> SetActive(bool active)
    {
        await Task.Yield();
        Demand();
        world.Revoked.Enqueue($"{Name}/");
        return world.Tenants[Name] = Existing() with { Active = active };
    }

    public Task<bool> IsActive() => Task.FromResult(world.IsTenantActive(Name));

    private static void Demand() => InMemoryGrains.Demand(Permissions.MayManageTenants(Caller.Current!));

    private TenantRecord Existing() => world.Tenants.TryGetValue(Name, out var tenant) ? tenant : throw InMemoryGrains.NotFound();
}

/// <summary>Asked by every gateway every second, so its calls are in no record.</summary>
internal sealed class RevocationsGrain(InMemoryGrains world) : IRevocationsGrain
{
    public Task Revoke(string holder)
    {
        world.Revoked.Enqueue(holder);
        return Task.CompletedTask;
    }

    public Task<RevokedSince> Since(Guid epoch, long version)
    {
        world.ToldOfRevocations();
        var all = world.Revoked.ToArray();
        return world.RevocationsOutage is { } outage ? Task.FromException<RevokedSince>(outage)
            : Task.FromResult(epoch == world.RevocationsEpoch
                ? new RevokedSince(epoch, all.Length, [.. all.Skip((int)version)], IsComplete: true)
                : new RevokedSince(world.RevocationsEpoch, all.Length, [], IsComplete: false));
    }
}
