using Microsoft.Extensions.Logging;
using OrleansIoT.Failures;
using OrleansIoT.History;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Sessions;

/// <summary>A user's connections, as of a web page that speaks MQTT, with that user's rights.</summary>
public sealed class UserClientGrain(
    ClientSurroundings surroundings, IDirectory directory, ILogger<UserClientGrain> logger)
    : ClientGrain(surroundings, logger), IUserClientGrain
{
    protected override string PublisherName => ClientGrains.PublisherName(Key.Name);

    protected override int MaxSessions => Limits.ConnectionsPerUser;

    protected override bool IsClient(Caller caller, string tenant) => Permissions.IsUser(caller, tenant, Key.Name);

    /// <summary>The caller is the proof: the edge has checked the token that it was made from.</summary>
    protected override ClientRights Authenticate(Credential credential)
    {
        var caller = Demand(IsClient);
        return credential.Kind == CredentialKind.Token
            ? RightsOf(caller.Roles)
            : throw new FailureException(Failure.NotSignedIn, "A user signs in with a token.");
    }

    /// <summary>As the user's record has it: who was deactivated, or lost a role, does not speak through a will.</summary>
    private protected override async ValueTask<ClientRights?> RightsNow(ClientRights? last, Will will)
    {
        if (await directory.Find(new GrainKey(Key.Tenant, "users").ToString(), Key.Name) is not { } entry)
        {
            return null;
        }

        Caller.System(Key.Tenant, "will").Enter();
        var user = await GrainFactory.User(Key.Tenant, entry.GrainName).Get();
        return user.Active && user.Id == Key.Name ? RightsOf(user.Roles) : null;
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such user.");

    private ClientRights RightsOf(Roles roles) => new(
        Permissions.PublishGrantsOf(roles),
        Permissions.SubscribeGrantsOf(roles),
        new Caller(Key.Tenant, Key.Name, CallerKind.User, roles, null, DateTimeOffset.MaxValue));
}
