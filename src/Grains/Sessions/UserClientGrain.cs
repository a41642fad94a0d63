using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansIoT.Failures;
using OrleansIoT.History;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Sessions;

/// <summary>The connections of a user, as of a web page that speaks MQTT, or of a service account, with its rights.</summary>
public sealed class UserClientGrain(
    ClientSurroundings surroundings, IDirectory directory, ILogger<UserClientGrain> logger)
    : ClientGrain(surroundings, logger), IUserClientGrain
{
    protected override string PublisherName => ClientGrains.PublisherName(Key.Name);

    protected override int MaxSessions => Limits.ConnectionsPerUser;

    public async Task SignOut(ImmutableArray<string> sessions)
    {
        Demand((caller, _) => Permissions.IsSystem(caller));
        await EndConnections(
            ConnectionEnd.CredentialRevoked, rights => rights.Caller.SessionId is { } session && sessions.Contains(session));
        ForgetNobody();
    }

    public async Task Remove()
    {
        Demand((caller, _) => Permissions.IsSystem(caller));
        await EndConnections(ConnectionEnd.CredentialRevoked);
        await DeleteSessions();
        ForgetNobody();
    }

    protected override bool IsClient(Caller caller, string tenant) => Permissions.IsAccount(caller, tenant, Key.Name);

    /// <summary>The caller is the proof: the edge has checked the token that it was made from.</summary>
    protected override ClientRights Authenticate(Credential credential)
    {
        var caller = Demand(IsClient);
        return credential.Kind == CredentialKind.Token
            ? RightsOf(caller)
            : throw new FailureException(Failure.NotSignedIn, "A user signs in with a token.");
    }

    /// <summary>As the user's record has it: who was deactivated, or lost a role, does not speak through a will.</summary>
    private protected override async ValueTask<ClientRights?> RightsNow(ClientRights? last, Will will)
    {
        Caller.System(Key.Tenant, "will").Enter();
        if (await directory.Find(new GrainKey(Key.Tenant, "users").ToString(), Key.Name) is { } user)
        {
            var record = await GrainFactory.User(Key.Tenant, user.GrainName).Get();
            return record.Active && record.Id == Key.Name ? RightsOf(CallerKind.User, record.Roles, record.Grants) : null;
        }

        if (await directory.Find(new GrainKey(Key.Tenant, "services").ToString(), Key.Name) is not null)
        {
            var record = await GrainFactory.ServiceAccount(Key.Tenant, Key.Name).Get();
            return record.Active ? RightsOf(CallerKind.Service, record.Roles, record.Grants) : null;
        }

        return null;
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such user.");

    private ClientRights RightsOf(CallerKind kind, Roles roles, ImmutableArray<string> grants) =>
        RightsOf(new Caller(Key.Tenant, Key.Name, kind, roles, null, DateTimeOffset.MaxValue, null, grants));

    /// <summary>The edge ends the connection when the token does; what the server does for it later is not the token's.</summary>
    private static ClientRights RightsOf(Caller caller) => new(
        Permissions.PublishGrantsOf(caller),
        Permissions.SubscribeGrantsOf(caller),
        caller with { TokenId = null, ExpiresAt = DateTimeOffset.MaxValue });

    /// <summary>Who has no connection and no session does not stay in memory for having been signed out.</summary>
    private void ForgetNobody()
    {
        if (!HasSessions)
        {
            DeactivateOnIdle();
        }
    }
}
