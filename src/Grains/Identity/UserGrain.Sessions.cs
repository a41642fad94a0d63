using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

public sealed partial class UserGrain
{
    /// <summary>With one more, the one that was used least recently ends.</summary>
    public const int MaxSessions = 50;

    private const int MaxAddressLength = 64;
    private const int MaxAgentLength = 200;

    /// <summary>Where nobody has signed in from before, all together: an attacker has many addresses.</summary>
    private const string Elsewhere = "";

    private readonly SignInAttempts _attempts = new(clock);

    public async Task<OpenedSession> SignIn(string password, SignInOrigin origin, TimeSpan lifetime)
    {
        Demand(Permissions.MayCheckCredentials);
        var source = SourceOf(origin);
        DemandPatience(source);
        var isRight = await passwords.Verify(_state.Exists ? _state.Value.PasswordHash : null, password);
        var isTenantActive = await IsTenantActive();
        if (!isRight || !_state.Value.Active || !isTenantActive)
        {
            _attempts.Failed(source);
            throw new FailureException(Failure.NotSignedIn, "Email or password is wrong.");
        }

        _attempts.Succeeded(source);
        if (_state.Value.IsAdministrator)
        {
            await Appoint(); // also those who were there before administrators were counted
        }

        var now = clock.GetUtcNow();
        var session = new UserSession
        {
            Id = Secret.CreateId(),
            CreatedAt = now,
            Address = Cut(origin.Address, MaxAddressLength),
            Agent = Cut(origin.Agent, MaxAgentLength),
        };
        var secret = Secret.Create();
        session = session with { SecretHash = Secret.Hash(secret) };
        var others = LiveSessions(now).OrderByDescending(other => other.LastUsedAt).ToImmutableArray();
        return await Keep(
            session, secret, others[..Math.Min(others.Length, MaxSessions - 1)], lifetime, [.. others.Skip(MaxSessions - 1).Select(other => other.Id)]);
    }

    public async Task<OpenedSession> Refresh(string sessionId, string secret, SignInOrigin origin, TimeSpan lifetime)
    {
        Demand(Permissions.MayCheckCredentials);
        if (!_state.Exists || FindSession(sessionId) is not { } session || !_state.Value.Active || !await IsTenantActive())
        {
            ForgetNobody();
            throw NoSession();
        }

        var now = clock.GetUtcNow();
        if (Secret.Matches(session.SecretHash, secret))
        {
            var (next, nextSecret) = session.Rotate(secret, now);
            return await Keep(
                next with { Address = Cut(origin.Address, MaxAddressLength), Agent = Cut(origin.Agent, MaxAgentLength) },
                nextSecret,
                [.. LiveSessions(now).Where(other => other.Id != session.Id)],
                lifetime,
                []);
        }

        if (session.Follow(secret, now) is { } current)
        {
            return new OpenedSession(_state.Value.ToRecord(), session.Id, current, session.ExpiresAt);
        }

        LogReused(logger, Key.ToString(), session.Id);
        await End([session.Id]);
        throw NoSession();
    }

    public async Task<Admission?> Admit(string sessionId)
    {
        Demand(Permissions.MayCheckCredentials);
        if (!await IsTenantActive() || !_state.Exists || !_state.Value.Active || FindSession(sessionId) is not { } session)
        {
            ForgetNobody();
            return null;
        }

        return new Admission(_state.Value.Id, _state.Value.Roles, _state.Value.Grants, session.Id, session.ExpiresAt);
    }

    public Task<ImmutableArray<SessionRecord>> Sessions()
    {
        DemandSessionOrManager();
        return Task.FromResult<ImmutableArray<SessionRecord>>(
            [.. LiveSessions(clock.GetUtcNow()).OrderByDescending(session => session.LastUsedAt).Select(session => session.ToRecord())]);
    }

    public async Task EndSession(string sessionId)
    {
        DemandSessionOrManager();
        if (FindSession(sessionId) is null)
        {
            throw new FailureException(Failure.NotFound, "There is no such session.");
        }

        await End([sessionId]);
    }

    public async Task EndSessions(string? except)
    {
        DemandSessionOrManager();
        await End([.. _state.Value.Sessions.Select(session => session.Id).Where(id => id != except)]);
    }

    private static FailureException NoSession() =>
        new(Failure.NotSignedIn, "The refresh token is not one of ours, was used already, or its session has ended. Sign in again.");

    private static string Cut(string text, int length) =>
        new([.. text.Take(length).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);

    /// <summary>The session has a new secret, which becomes durable before anybody is told it.</summary>
    private async Task<OpenedSession> Keep(
        UserSession session, string secret, ImmutableArray<UserSession> others, TimeSpan lifetime, ImmutableArray<string> ended)
    {
        var now = clock.GetUtcNow();
        session = session with { LastUsedAt = now, ExpiresAt = now + lifetime };
        await Durably(() => _state.Write(user => user with { Sessions = [.. others, session] }));
        await SessionsEnded(_state.Value.Id, ended);
        return new OpenedSession(_state.Value.ToRecord(), session.Id, secret, session.ExpiresAt);
    }

    private async Task End(ImmutableArray<string> sessions)
    {
        if (!sessions.IsEmpty)
        {
            await Durably(() => _state.Write(user => user with { Sessions = [.. user.Sessions.Where(session => !sessions.Contains(session.Id))] }));
            await SessionsEnded(_state.Value.Id, sessions);
        }
    }

    private IEnumerable<UserSession> LiveSessions(DateTimeOffset now) =>
        _state.Value.Sessions.Where(session => session.ExpiresAt > now);

    private UserSession? FindSession(string id) => LiveSessions(clock.GetUtcNow()).FirstOrDefault(session => session.Id == id);

    /// <summary>The owner's own addresses count for themselves, or whoever guesses elsewhere would keep the owner out.</summary>
    private string SourceOf(SignInOrigin origin)
    {
        var address = Cut(origin.Address, MaxAddressLength);
        return address.Length > 0 && _state.Value.Sessions.Any(session => session.Address == address) ? address : Elsewhere;
    }

    private void DemandPatience(string source)
    {
        if (_attempts.Wait(source) is { } wait)
        {
            var seconds = (int)Math.Ceiling(wait.TotalSeconds);
            throw new FailureException(Failure.TooMany, $"The password was wrong too often. Try again in {seconds} s.")
            {
                RetryAfter = TimeSpan.FromSeconds(seconds),
            };
        }
    }
}
