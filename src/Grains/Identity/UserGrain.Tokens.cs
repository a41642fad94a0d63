using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

public sealed partial class UserGrain
{
    public const int MaxTokens = 50;

    private static readonly TimeSpan MaxTokenLifetime = TimeSpan.FromDays(366);

    public async Task<IssuedToken> IssueToken(string name, Roles roles, ImmutableArray<string> grants, TimeSpan lifetime)
    {
        DemandSession();
        CheckName(name);
        CheckGrants(grants);
        if (!Permissions.AreRoles(roles) || Permissions.Both(roles, _state.Value.Roles) != Permissions.Both(roles, roles))
        {
            throw new FailureException(Failure.Invalid, "A token may no more than its user: viewer, operator and admin, up to the user's own.");
        }

        if (lifetime <= TimeSpan.Zero || lifetime > MaxTokenLifetime)
        {
            throw new FailureException(Failure.Invalid, "A token lives 1 second to 1 year.");
        }

        var now = clock.GetUtcNow();
        var others = LiveTokens(now).ToList();
        if (others.Count >= MaxTokens)
        {
            throw new FailureException(Failure.TooMany, $"A user has at most {MaxTokens} tokens. Delete one.");
        }

        var secret = Secret.Create();
        var token = new UserToken
        {
            Id = Secret.CreateId(),
            Name = name,
            Roles = roles,
            Grants = grants,
            CreatedAt = now,
            ExpiresAt = now + lifetime,
            SecretHash = Secret.Hash(secret),
        };
        await Durably(() => _state.Write(user => user with { Tokens = [.. others, token] }));
        LogTokenIssued(logger, Key.ToString(), token.Id);
        return new IssuedToken(token.ToRecord(), _state.Value.Id, secret);
    }

    public async Task<Admission?> AdmitToken(string tokenId, string secret)
    {
        Demand(Permissions.MayCheckCredentials);
        if (!await IsTenantActive()
            || !_state.Exists
            || !_state.Value.Active
            || FindToken(tokenId) is not { } token
            || !Secret.Matches(token.SecretHash, secret))
        {
            ForgetNobody();
            return null;
        }

        return new Admission(
            _state.Value.Id,
            token.Roles == Roles.None ? _state.Value.Roles : Permissions.Both(token.Roles, _state.Value.Roles),
            TopicGrants.Intersect(_state.Value.Grants, token.Grants),
            token.Id,
            token.ExpiresAt);
    }

    public Task<ImmutableArray<TokenRecord>> Tokens()
    {
        DemandSessionOrManager();
        return Task.FromResult<ImmutableArray<TokenRecord>>(
            [.. LiveTokens(clock.GetUtcNow()).OrderByDescending(token => token.CreatedAt).Select(token => token.ToRecord())]);
    }

    public async Task RemoveToken(string tokenId)
    {
        DemandSessionOrManager();
        if (FindToken(tokenId) is null)
        {
            throw new FailureException(Failure.NotFound, "There is no such token.");
        }

        await Durably(() => _state.Write(user => user with { Tokens = [.. user.Tokens.Where(token => token.Id != tokenId)] }));
        LogTokenRemoved(logger, Key.ToString(), tokenId);
        await SessionsEnded(_state.Value.Id, [tokenId]);
    }

    private IEnumerable<UserToken> LiveTokens(DateTimeOffset now) => _state.Value.Tokens.Where(token => token.ExpiresAt > now);

    private UserToken? FindToken(string id) => LiveTokens(clock.GetUtcNow()).FirstOrDefault(token => token.Id == id);
}
