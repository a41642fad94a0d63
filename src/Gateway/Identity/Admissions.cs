using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// Asks the grain of whoever shows a token what it may now. A signature proves what was true when the token was made; whether
/// the session still lives, and with which rights, only the holder's own grain knows.
/// </summary>
internal sealed class Admissions(IGrainFactory grains)
{
    private const string ServiceName = "gateway";

    /// <param name="claimed">A user or service account of ours, as its token has it.</param>
    /// <returns>The same with the roles and grants that it has now, or null: the session, the account or the tenant is no more.</returns>
    public async Task<Caller?> Admit(Caller claimed)
    {
        if (claimed.SessionId is not { } session || claimed.Kind is not (CallerKind.User or CallerKind.Service))
        {
            return null;
        }

        Caller.SigningIn(claimed.Tenant, ServiceName).Enter();
        var admission = claimed.Kind == CallerKind.Service
            ? await grains.ServiceAccount(claimed.Tenant, claimed.Subject).Admit(session)
            : await Find(claimed.Tenant, claimed.Subject) is { } user ? await user.Admit(session) : null;
        return admission is null || admission.Subject != claimed.Subject
            ? null
            : claimed with
            {
                // A service's token may have been asked for with fewer roles than the account has; a user's has them all.
                Roles = claimed.Kind == CallerKind.Service ? admission.Roles & claimed.Roles : admission.Roles,
                Grants = admission.Grants,
            };
    }

    /// <param name="claimed">Somebody of an external issuer, whose word on roles and grants counts as long as the token lives.</param>
    /// <returns>The same, or null: the tenant is no more.</returns>
    public async Task<Caller?> AdmitExternal(Caller claimed)
    {
        Caller.SigningIn(GrainKey.SystemTenant, ServiceName).Enter();
        return await grains.Tenancy(claimed.Tenant).IsActive() ? claimed : null;
    }

    /// <param name="token">What was shown, if it begins with <see cref="OpaqueToken.PersonalPrefix"/>; any text.</param>
    /// <returns>Whose personal access token it is with what both may now, and when it ends; or null: it is none, or not good now.</returns>
    public async Task<(Caller Caller, DateTimeOffset Until)?> AdmitOpaque(string token)
    {
        if (!OpaqueToken.TryParse(OpaqueToken.PersonalPrefix, token, out var personal))
        {
            return null;
        }

        Caller.SigningIn(personal.Tenant, ServiceName).Enter();
        if (await Find(personal.Tenant, personal.UserId) is not { } user
            || await user.AdmitToken(personal.Id, personal.Secret) is not { } admission
            || admission.Subject != personal.UserId)
        {
            return null;
        }

        var caller = new Caller(
            personal.Tenant,
            personal.UserId,
            CallerKind.User,
            admission.Roles,
            personal.Id,
            admission.ExpiresAt,
            admission.SessionId,
            admission.Grants);
        return (caller, admission.ExpiresAt);
    }

    /// <summary>The user with this id, whose grain goes by its email.</summary>
    private async Task<IUserGrain?> Find(string tenant, string userId) =>
        await grains.Users(tenant).Find(userId) is { } entry ? grains.User(tenant, entry.GrainName) : null;
}
