using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Identity;

/// <summary>Whom a token names, when it is one of ours.</summary>
/// <param name="Caller">A user with its roles, or a device.</param>
/// <param name="CredentialId">Which credential of the device the token stands for; null for a user.</param>
public sealed record TokenHolder(Caller Caller, string? CredentialId);

/// <summary>Checks a token that somebody showed as password; the gateway knows how. Null if it is none of ours or not good now.</summary>
public delegate Task<TokenHolder?> TokenCheck(string token);
