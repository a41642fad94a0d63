using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Identity;

/// <summary>Who a client says it is and what it shows for it. Its grain decides.</summary>
/// <param name="Publisher">As its messages name it: a device's id, or <c>users/{id}</c>.</param>
/// <param name="ClientId">Its client identifier, perhaps one that the edge has assigned.</param>
/// <param name="Credential">What it shows.</param>
/// <param name="Grain">The grain that decides, and that has its sessions.</param>
/// <param name="ConnectsAs">As whom the grain is asked.</param>
/// <param name="Caller">As whom it is called from then on.</param>
internal sealed record Claim(
    string Publisher, string ClientId, Credential Credential, IClientGrain Grain, Caller ConnectsAs, Caller Caller)
{
    /// <summary>Asked once a second: whether what was shown has been revoked since.</summary>
    public Func<bool> IsRevoked { get; init; } = () => false;
}
