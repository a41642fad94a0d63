using System.Collections.Immutable;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

/// <summary>What is stored of a user.</summary>
[GenerateSerializer, Alias("iot.UserState")]
public sealed record UserState
{
    [Id(0)] public string Id { get; init; } = "";
    [Id(1)] public string Email { get; init; } = "";
    [Id(2)] public string Username { get; init; } = "";
    [Id(3)] public string PasswordHash { get; init; } = "";
    [Id(4)] public bool Active { get; init; }
    [Id(5)] public Roles Roles { get; init; }
    [Id(6)] public DateTimeOffset CreatedAt { get; init; }
    [Id(7)] public ImmutableArray<string> Grants { get; init; } = [];
    [Id(8)] public ImmutableArray<UserSession> Sessions { get; init; } = [];
    [Id(9)] public ImmutableArray<UserToken> Tokens { get; init; } = [];

    internal bool IsAdministrator => Active && (Roles & Roles.Admin) != 0;

    public UserRecord ToRecord() => new(Id, Email, Username, Active, Roles, CreatedAt, Grants);
}

/// <summary>A session, with the hash of the secret that refreshes it next, and what it replaced a moment ago.</summary>
[GenerateSerializer, Immutable, Alias("iot.UserSession")]
public sealed record UserSession
{
    [Id(0)] public string Id { get; init; } = "";
    [Id(1)] public DateTimeOffset CreatedAt { get; init; }
    [Id(2)] public DateTimeOffset LastUsedAt { get; init; }
    [Id(3)] public DateTimeOffset ExpiresAt { get; init; }
    [Id(4)] public string Address { get; init; } = "";
    [Id(5)] public string Agent { get; init; } = "";
    [Id(6)] public byte[] SecretHash { get; init; } = [];
    [Id(7)] public ImmutableArray<ReplacedSecret> Replaced { get; init; } = [];

    public SessionRecord ToRecord() => new(Id, CreatedAt, LastUsedAt, ExpiresAt, Address, Agent);
}

/// <summary>A personal access token, with the hash of its secret.</summary>
[GenerateSerializer, Immutable, Alias("iot.UserToken")]
public sealed record UserToken
{
    [Id(0)] public string Id { get; init; } = "";
    [Id(1)] public string Name { get; init; } = "";
    [Id(2)] public Roles Roles { get; init; }
    [Id(3)] public ImmutableArray<string> Grants { get; init; } = [];
    [Id(4)] public DateTimeOffset CreatedAt { get; init; }
    [Id(5)] public DateTimeOffset ExpiresAt { get; init; }
    [Id(6)] public byte[] SecretHash { get; init; } = [];

    public TokenRecord ToRecord() => new(Id, Name, Roles, Grants, CreatedAt, ExpiresAt);
}
