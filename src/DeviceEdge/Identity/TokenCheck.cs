using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Identity;

/// <summary>Checks a token that somebody showed as password; the gateway knows how.</summary>
/// <returns>
/// Whom the token names and, for a device, which of its credentials it stands for; null if it is none of ours or not good
/// now.
/// </returns>
public delegate Task<(Caller Caller, string? CredentialId)?> TokenCheck(string token);
