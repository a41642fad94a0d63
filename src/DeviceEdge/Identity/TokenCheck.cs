using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Identity;

/// <summary>Checks a token that somebody showed as password; the gateway knows how.</summary>
/// <returns>What it is good for; null if it is none of ours or not good now.</returns>
public delegate Task<CheckedToken?> TokenCheck(string token);

/// <param name="Caller">Whom the token names, until it ends.</param>
/// <param name="CredentialId">For a device, which of its credentials the token stands for.</param>
/// <param name="IsRevoked">As <see cref="Claim.IsRevoked"/>: whether what it stands for has ended before it does.</param>
public sealed record CheckedToken(Caller Caller, string? CredentialId, Func<bool> IsRevoked);
