using System.Collections.Immutable;

namespace OrleansIoT.Identity;

/// <summary>From where somebody signs in; what is longer is cut.</summary>
/// <param name="Address">The client's network address.</param>
/// <param name="Agent">What the client calls itself.</param>
[GenerateSerializer, Immutable, Alias("iot.SignInOrigin")]
public sealed record SignInOrigin([property: Id(0)] string Address, [property: Id(1)] string Agent);

/// <summary>A session as people look at it.</summary>
/// <param name="LastUsedAt">When it was opened or refreshed last.</param>
/// <param name="ExpiresAt">When it ends unless it is refreshed before.</param>
[GenerateSerializer, Immutable, Alias("iot.SessionRecord")]
public sealed record SessionRecord(
    [property: Id(0)] string Id,
    [property: Id(1)] DateTimeOffset CreatedAt,
    [property: Id(2)] DateTimeOffset LastUsedAt,
    [property: Id(3)] DateTimeOffset ExpiresAt,
    [property: Id(4)] string Address,
    [property: Id(5)] string Agent);

/// <summary>A session that was opened or refreshed.</summary>
/// <param name="Secret">What refreshes it next, once; stored hashed.</param>
/// <param name="ExpiresAt">When it ends unless it is refreshed before.</param>
[GenerateSerializer, Immutable, Alias("iot.OpenedSession")]
public sealed record OpenedSession(
    [property: Id(0)] UserRecord User,
    [property: Id(1)] string SessionId,
    [property: Id(2)] string Secret,
    [property: Id(3)] DateTimeOffset ExpiresAt)
{
    /// <summary>A record would print the secret.</summary>
    public override string ToString() => $"OpenedSession {{ {SessionId} }}";
}

/// <summary>What somebody may now who has shown what lives now.</summary>
/// <param name="Subject">The user's or the service account's id.</param>
/// <param name="SessionId">The session, the personal access token, or the service account's secret that it rests on.</param>
/// <param name="ExpiresAt">When that ends.</param>
[GenerateSerializer, Immutable, Alias("iot.Admission")]
public sealed record Admission(
    [property: Id(0)] string Subject,
    [property: Id(1)] Roles Roles,
    [property: Id(2)] ImmutableArray<string> Grants,
    [property: Id(3)] string SessionId,
    [property: Id(4)] DateTimeOffset ExpiresAt);

/// <summary>A personal access token as people look at it.</summary>
/// <param name="Roles">What it lets do of what the user may; <see cref="Roles.None"/> for all that.</param>
/// <param name="Grants">What it is narrowed to, besides the user's own grants.</param>
[GenerateSerializer, Immutable, Alias("iot.TokenRecord")]
public sealed record TokenRecord(
    [property: Id(0)] string Id,
    [property: Id(1)] string Name,
    [property: Id(2)] Roles Roles,
    [property: Id(3)] ImmutableArray<string> Grants,
    [property: Id(4)] DateTimeOffset CreatedAt,
    [property: Id(5)] DateTimeOffset ExpiresAt);

/// <param name="Secret">Shown once, and stored hashed.</param>
[GenerateSerializer, Immutable, Alias("iot.IssuedToken")]
public sealed record IssuedToken([property: Id(0)] TokenRecord Token, [property: Id(1)] string UserId, [property: Id(2)] string Secret)
{
    /// <summary>A record would print the secret.</summary>
    public override string ToString() => $"IssuedToken {{ {Token.Id} }}";
}
