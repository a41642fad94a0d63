using OrleansIoT.Failures;
using OrleansIoT.Grains.Identity;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Identity;

/// <summary>Sessions and their refresh tokens (RFC 9700 section 4.14.2).</summary>
public sealed class SessionTests : AccountTest
{
    [Fact]
    public async Task A_session_lives_on_with_each_secret_that_it_is_refreshed_with()
    {
        await AddUser();
        var first = await SignIn();
        var second = await Refresh(first);
        await Host.Restart();
        var third = await Refresh(second);

        Assert.Equal((first.SessionId, second.SessionId), (second.SessionId, third.SessionId));
        Assert.Equal(3, new HashSet<string> { first.Secret, second.Secret, third.Secret }.Count);
        var admission = await Admit(third);
        Assert.Equal((first.User.Id, Roles.Viewer), (admission!.Subject, admission.Roles));
    }

    [Fact] // J15
    public async Task A_secret_that_is_used_again_ends_its_session_and_no_other()
    {
        await AddUser();
        var other = await SignIn();
        var stolen = await SignIn();
        var next = await Refresh(stolen);
        Assert.NotNull(await Admit(next));
        await Revoked();
        Clock.Advance(SecretRotation.Grace);

        await Refused(Failure.NotSignedIn, () => Refresh(stolen));

        Assert.Null(await Admit(next));
        await Refused(Failure.NotSignedIn, () => Refresh(next));
        Assert.NotNull(await Admit(other));
        Assert.Equal([$"{Tenant}/{other.User.Id}"], await Revoked());
    }

    [Fact]
    public async Task Who_asks_with_the_secret_of_a_moment_ago_gets_the_same_answer_also_from_a_silo_that_has_just_started()
    {
        await AddUser();
        var first = await SignIn();
        var answers = await Task.WhenAll(Refresh(first), Refresh(first), Refresh(first));
        Assert.Single(answers.Select(answer => answer.Secret).Distinct());

        Clock.Advance(SecretRotation.Grace - TimeSpan.FromSeconds(1));
        await Host.Restart();
        var late = await Refresh(first);
        Assert.Equal((answers[0].Secret, answers[0].ExpiresAt), (late.Secret, late.ExpiresAt));
        Assert.NotEqual(late.Secret, (await Refresh(late)).Secret);
    }

    [Fact]
    public async Task Who_was_overtaken_by_several_gets_the_last_of_the_secrets()
    {
        await AddUser();
        var first = await SignIn();
        var second = await Refresh(first);
        var third = await Refresh(second);
        Assert.Equal(third.Secret, (await Refresh(first)).Secret);
        Assert.Equal(third.Secret, (await Refresh(second)).Secret);
        Assert.NotEqual(third.Secret, (await Refresh(third)).Secret);
    }

    [Fact] // J15
    public async Task Nothing_lengthens_the_moment_in_which_a_secret_of_before_is_taken()
    {
        await AddUser();
        var first = await SignIn();
        var second = await Refresh(first);
        Clock.Advance(SecretRotation.Grace / 2);
        Assert.Equal(second.Secret, (await Refresh(first)).Secret);
        var third = await Refresh(second);
        Clock.Advance(SecretRotation.Grace / 2);
        Assert.Equal(third.Secret, (await Refresh(second)).Secret);

        await Refused(Failure.NotSignedIn, () => Refresh(first));
        await Refused(Failure.NotSignedIn, () => Refresh(third));
    }

    [Fact] // J15
    public async Task Of_a_clock_that_was_set_back_nobody_gains()
    {
        await AddUser();
        var first = await SignIn();
        Clock.Advance(TimeSpan.FromHours(1));
        await Refresh(first);
        Clock.Advance(TimeSpan.FromHours(-1));
        await Refused(Failure.NotSignedIn, () => Refresh(first));
    }

    [Fact]
    public async Task A_secret_that_was_never_the_sessions_ends_it_at_once()
    {
        await AddUser();
        var session = await SignIn();
        var next = await Refresh(session);
        await Refused(Failure.NotSignedIn, () => Refresh(session, Secret.Create()));
        Assert.Null(await Admit(next));
        await Refused(Failure.NotSignedIn, () => Refresh(session));
    }

    [Fact]
    public async Task What_is_no_session_is_refused_with_the_same_words_and_harms_nobody()
    {
        await AddUser();
        var session = await SignIn();
        var reused = await Refused(Failure.NotSignedIn, () => Refresh(session with { SessionId = "kq0UzqLQ3Fh1rWfLZ8s1VA" }));
        var unknown = await Refused(
            Failure.NotSignedIn, () => Refresh(session with { User = session.User with { Email = "nobody@example.org" } }));
        Assert.Equal(reused.Message, unknown.Message);
        Assert.NotNull(await Admit(session));
    }

    [Fact]
    public async Task A_session_that_is_not_used_ends_after_its_lifetime_and_one_that_is_used_does_not()
    {
        await AddUser();
        var idle = await SignIn();
        var used = await SignIn();
        Clock.Advance(TimeSpan.FromDays(20));
        used = await Refresh(used);
        Clock.Advance(TimeSpan.FromDays(20));

        Assert.Null(await Admit(idle));
        await Refused(Failure.NotSignedIn, () => Refresh(idle));
        Assert.NotNull(await Admit(used));
        Assert.Equal([used.SessionId], (await AsUser(used, user => user.Sessions())).Select(session => session.Id));
    }

    [Fact]
    public async Task Of_fifty_one_sessions_the_one_that_was_used_least_recently_ends()
    {
        await AddUser();
        var sessions = new List<OpenedSession>();
        for (var i = 0; i < UserGrain.MaxSessions; i++)
        {
            sessions.Add(await SignIn());
            Clock.Advance(TimeSpan.FromSeconds(1));
        }

        sessions[0] = await Refresh(sessions[0]);
        Clock.Advance(TimeSpan.FromSeconds(1));
        var last = await SignIn();

        Assert.NotNull(await Admit(sessions[0]));
        Assert.Null(await Admit(sessions[1]));
        Assert.NotNull(await Admit(sessions[2]));
        Assert.Equal(UserGrain.MaxSessions, (await AsUser(last, user => user.Sessions())).Length);
    }

    [Fact]
    public async Task A_session_says_when_and_from_where_and_nothing_of_its_secret()
    {
        await AddUser();
        var session = await As(
            Gateway(),
            () => Grains.User(Tenant, "ada@example.org").SignIn(Password, new SignInOrigin(new string('9', 1_000), new string('A', 1_000) + "\n"), Month));
        var seen = Assert.Single(await AsUser(session, user => user.Sessions()));
        Assert.Equal((Noon, Noon, Noon + Month), (seen.CreatedAt, seen.LastUsedAt, seen.ExpiresAt));
        Assert.Equal((64, 200), (seen.Address.Length, seen.Agent.Length));
        Assert.DoesNotContain(session.Secret, session.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_signs_out_is_out_and_so_is_its_connection()
    {
        await AddUser();
        var session = await SignIn();
        var other = await SignIn();
        var connection = await ConnectUser(CallerOf(session));
        var otherConnection = await ConnectUser(CallerOf(other), "other");
        await Revoked();

        await AsUser(session, user => user.EndSession(session.SessionId));

        Assert.Equal(ConnectionEnd.CredentialRevoked, await connection.Ended);
        Assert.Null(await Admit(session));
        Assert.NotNull(await Admit(other));
        Assert.False(otherConnection.HasEnded);
        Assert.Equal([$"{Tenant}/{session.User.Id}"], await Revoked());
    }

    [Fact]
    public async Task All_other_sessions_end_at_once()
    {
        await AddUser();
        var (one, two, three) = (await SignIn(), await SignIn(), await SignIn());
        await AsUser(two, user => user.EndSessions(two.SessionId));
        Assert.Null(await Admit(one));
        Assert.NotNull(await Admit(two));
        Assert.Null(await Admit(three));
    }

    [Fact] // API1:2023
    public async Task Nobody_sees_or_ends_the_sessions_of_another_user_except_an_administrator()
    {
        await AddUser();
        await AddUser("eve@example.org");
        var ada = await SignIn();
        var eve = await SignIn("eve@example.org");
        Assert.Single(await AsUser(ada, user => user.Sessions()));

        await Refused(Failure.NotFound, () => As(CallerOf(eve), () => Grains.User(Tenant, "ada@example.org").Sessions()));
        await Refused(Failure.NotFound, () => As(CallerOf(eve), () => Grains.User(Tenant, "ada@example.org").EndSession(ada.SessionId)));
        await Refused(Failure.NotFound, () => As(CallerOf(eve), () => Grains.User(Tenant, "ada@example.org").EndSessions(null)));
        Assert.NotNull(await Admit(ada));
        await AsAdmin("ada@example.org", user => user.EndSessions(null));
        Assert.Null(await Admit(ada));
    }

    [Fact]
    public async Task A_new_password_ends_every_other_session_and_every_token()
    {
        await AddUser();
        var session = await SignIn();
        var other = await SignIn();
        var token = await AsUser(session, user => user.IssueToken("script", Roles.None, [], TimeSpan.FromDays(1)));
        Assert.NotNull(await As(Gateway(), () => Grains.User(Tenant, "ada@example.org").AdmitToken(token.Token.Id, token.Secret)));
        await Revoked();

        await Refused(Failure.NotSignedIn, () => AsUser(session, user => user.ChangePassword("not this", "a longer one than that")));
        await Refused(Failure.Invalid, () => AsUser(session, user => user.ChangePassword(Password, "short")));
        await AsUser(session, user => user.ChangePassword(Password, "a longer one than that"));

        Assert.NotNull(await Admit(session));
        Assert.Null(await Admit(other));
        Assert.Null(await As(Gateway(), () => Grains.User(Tenant, "ada@example.org").AdmitToken(token.Token.Id, token.Secret)));
        Assert.NotEmpty(await Revoked());
        await Refused(Failure.NotSignedIn, () => SignIn());
        await SignIn(password: "a longer one than that");
    }
}
