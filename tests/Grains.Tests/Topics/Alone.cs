using OrleansIoT.Grains.Topics;

namespace OrleansIoT.Grains.Tests.Topics;

/// <summary>A cluster of one silo.</summary>
internal sealed class Alone : IRouteSpread
{
    public Task Spread(TenantRoutes tenant, SessionRoute route) => Task.CompletedTask;
}
