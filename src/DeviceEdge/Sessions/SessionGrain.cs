using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>The grain that has a connection's session, and as whom it is called.</summary>
internal sealed record SessionGrain(IClientGrain Client, string ConnectionId, Caller Caller);
