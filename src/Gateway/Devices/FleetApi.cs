using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using OrleansIoT.Devices;
using OrleansIoT.Gateway.Failures;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Devices;

/// <summary>All devices of the caller's tenant at a glance.</summary>
internal static class FleetApi
{
    private const string Example =
        """{"devices": 120, "connected": 96, "away": 20, "never": 4, "readings": 1048576, "readings_per_second": 96.2, "refusals": 3, "latest_refusals": [{"time": "2026-03-02T08:15:00Z", "device": "meter-7", "topic": "plant/attic/t", "code": "forbidden", "detail": "meter-7 may not publish to 'plant/attic/t'; its own topics begin with devices/meter-7/."}], "attention": [{"device": "meter-9", "name": "Roof", "reason": "silent", "since": "2026-03-01T20:00:00Z", "detail": "It is away."}]}""";

    public static void MapFleet(this IEndpointRouteBuilder routes) => routes.MapGet("/fleet", Get)
        .WithTags("Devices")
        .WithName("GetFleet")
        .WithSummary("All registered devices at a glance")
        .WithDescription("As of some seconds ago at most. Refusals are counted since the processes started that the devices talk to. What needs attention comes most urgent first: 'refusing' within the last hour, 'silent' for an hour after it had published, 'never_connected' an hour after it was registered.")
        .ExampleAnswer(Example)
        .Fails(401, 403, 503, 504);

    private static async Task<Ok<FleetView>> Get(TenantGrains grains)
    {
        var fleet = await grains.Fleet.Summary();
        return TypedResults.Ok(new FleetView(
            fleet.Devices,
            fleet.Connected,
            fleet.Away,
            fleet.Never,
            fleet.Readings,
            fleet.ReadingsPerSecond,
            fleet.Refusals,
            [.. fleet.LatestRefusals.Select(RefusalView.Of)],
            [.. fleet.Attention.Select(AttentionView.Of)]));
    }
}

/// <param name="Connected">Of the registered devices, those that are connected.</param>
/// <param name="Away">Those that have connected or published before, and are not connected.</param>
/// <param name="Never">Those that have neither, ever.</param>
/// <param name="Readings">Stored for the tenant, ever, by whomever.</param>
/// <param name="ReadingsPerSecond">Of the last ten seconds.</param>
/// <param name="LatestRefusals">The newest first, at most 50.</param>
/// <param name="Attention">The most urgent first, at most 50.</param>
internal sealed record FleetView(
    int Devices,
    int Connected,
    int Away,
    int Never,
    long Readings,
    double ReadingsPerSecond,
    long Refusals,
    IReadOnlyList<RefusalView> LatestRefusals,
    IReadOnlyList<AttentionView> Attention);

/// <param name="Topic">Where it wanted to publish; null where that is not known, or not granted to who asks.</param>
/// <param name="Code">As of a problem's 'failure'.</param>
internal sealed record RefusalView(DateTime Time, string Device, string? Topic, string Code, string Detail)
{
    public static RefusalView Of(DeviceRefusal refusal) => new(
        refusal.At.UtcDateTime,
        refusal.Device,
        refusal.Topic is { } topic && Permissions.MayReadTopic(Caller.Current!, TenantGrains.Tenant, topic) ? topic : null,
        FailureHandler.CodeOf(refusal.Failure),
        refusal.Detail);
}

/// <param name="Reason">refusing, silent or never_connected.</param>
/// <param name="Since">Null where that is not known.</param>
internal sealed record AttentionView(string Device, string Name, string Reason, DateTime? Since, string Detail)
{
    public static AttentionView Of(FleetAttention attention) => new(
        attention.Device,
        attention.Name,
        attention.Reason switch
        {
            AttentionReason.Refusing => "refusing",
            AttentionReason.Silent => "silent",
            _ => "never_connected",
        },
        attention.Since?.UtcDateTime,
        attention.Detail);
}
