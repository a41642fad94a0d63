using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>What the signature of a token has proved. Whether its session still lives is another question.</summary>
/// <param name="Caller">Whom it names, for HTTP: until its end and the skew that clocks may have.</param>
/// <param name="EndsAt">Its <c>exp</c>.</param>
/// <param name="DeviceCredential">For a device's token, which of its credentials it stands for.</param>
/// <param name="KeyId">The key of ours that has signed it, or null.</param>
/// <param name="IsExternal">Whether an issuer that is not us has signed it.</param>
internal sealed record ProvedToken(Caller Caller, DateTimeOffset EndsAt, string? DeviceCredential = null, string? KeyId = null, bool IsExternal = false);
