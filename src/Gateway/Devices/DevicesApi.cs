using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Audit;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Gateway.Devices;

/// <summary>The devices of the caller's tenant: read by everybody who reads telemetry, managed by operators and administrators.</summary>
internal static class DevicesApi
{
    private const int DefaultTokenSeconds = 3_600;
    private const int MaxTokenSeconds = 30 * 24 * 3_600;

    private const string ExampleDevice =
        """{"id": "meter-7", "name": "Cellar", "created_at": "2026-03-01T08:00:00Z", "publish": [], "subscribe": [], "connected": true, "connected_since": "2026-03-02T07:59:58.25Z", "last_seen": "2026-03-02T08:15:00.1Z", "readings": 96, "redeliveries": 1, "refusals": 0, "sessions": [{"client_id": "meter-7", "connected_since": "2026-03-02T07:59:58.25Z", "durable": true, "subscriptions": 1, "queued": 0, "dropped": 0}]}""";

    public static void MapDevices(this IEndpointRouteBuilder routes)
    {
        var devices = routes.MapGroup("/devices").WithTags("Devices").Fails(401, 403, 503, 504);

        devices.MapPost("/", Register)
            .WithName("RegisterDevice")
            .AuditsThing<NewDevice>(device => DeviceId.IsValid(device.Id, out _) ? device.Id : null)
            .WithSummary("Registers a device; for operators")
            .WithDescription("The key is in this answer and nowhere else: it is stored hashed. A device connects over MQTT with its id as user name and its key as password.")
            .ExampleBody("""{"id": "meter-7", "name": "Cellar", "publish": ["plant/cellar/#"]}""")
            .ExampleAnswer("""{"id": "meter-7", "key": "kT0wYd5u…"}""")
            .Fails(400, 409, 413, 415);

        devices.MapGet("/", List)
            .WithName("ListDevices")
            .WithSummary("Lists devices, by id or in another order")
            .WithDescription("With 'state', or another 'sort' than id, the order is that of some seconds ago at most, and a device whose value changes meanwhile may be on two pages or on none.")
            .WithMetadata(DirectoryPages.Size)
            .ExampleAnswer($$"""{"devices": [{{ExampleDevice}}], "next": null}""")
            .Fails(400);

        devices.MapGet("/{id}", Get)
            .WithName("GetDevice")
            .WithSummary("What is known of a device now")
            .ExampleAnswer(ExampleDevice)
            .Fails(404);

        devices.MapPatch("/{id}", Change)
            .WithName("ChangeDevice")
            .WithSummary("Changes a device's name or rights; for operators")
            .WithDescription("What is left out stays as it is. Other rights end its connections, and it connects anew with them.")
            .ExampleBody("""{"name": "Cellar, left", "publish": ["plant/cellar/#"], "subscribe": []}""")
            .ExampleAnswer(ExampleDevice)
            .Fails(400, 404, 413, 415);

        devices.MapDelete("/{id}", Remove)
            .WithName("RemoveDevice")
            .WithSummary("Removes a device and ends its connection; for operators")
            .WithDescription("Its readings stay.")
            .Fails(404);

        devices.MapPost("/{id}/key", RenewKey)
            .WithName("RenewDeviceKey")
            .WithSummary("Gives a device a new key; for operators")
            .WithDescription("The old one stops working and the connection that used it ends.")
            .ExampleAnswer("""{"id": "meter-7", "key": "Zc91rQ0x…"}""")
            .Fails(404);

        devices.MapPost("/{id}/tokens", IssueToken)
            .WithName("IssueDeviceToken")
            .WithSummary("Makes a token that a device may use in place of its key for a while; for operators")
            .WithDescription("A device connects over MQTT with the token as password and its id, or nothing, as user name. It ends with its time, with the device, and with the device's key.")
            .ExampleBody("""{"expires_in": 86400}""")
            .ExampleAnswer("""{"token": "eyJhbGciOiJFUzI1NiIs…", "expires_at": "2026-03-02T08:00:00Z"}""")
            .Fails(400, 404, 413, 415);
    }

    private static async Task<Created<DeviceKey>> Register(NewDevice device, TenantGrains grains)
    {
        if (!DeviceId.IsValid(device.Id, out var why))
        {
            throw new FailureException(Failure.Invalid, why);
        }

        var key = await grains.Device(device.Id).Register(new DeviceRegistration(
            device.Name ?? "", Filters("publish", device.Publish), Filters("subscribe", device.Subscribe)));
        return TypedResults.Created($"/devices/{device.Id}", new DeviceKey(device.Id, key));
    }

    private static async Task<Ok<DevicePage>> List(
        HttpContext context, string? search, string? state, string? sort, string? order, string? limit, string? cursor, TenantGrains grains)
    {
        context.TakesOnly("search", "state", "sort", "order", "limit", "cursor");
        if (FleetParameters.Parse(search, state, sort, order, limit, cursor) is not { } query)
        {
            var page = await grains.Devices.Page(search, limit, cursor);
            return Answer(await page.Get(entry => grains.Device(entry.GrainName).Get()), page.Next);
        }

        var ordered = await grains.Fleet.List(query);
        return Answer(await ordered.Devices.Existing(id => grains.Device(id).Get()), ordered.Next);
    }

    private static Ok<DevicePage> Answer(List<DeviceSnapshot> devices, string? next) =>
        TypedResults.Ok(new DevicePage([.. devices.Select(DeviceView.Of)], next));

    private static async Task<Ok<DeviceView>> Change(string id, DeviceFields fields, TenantGrains grains)
    {
        var device = Existing(id, grains);
        await device.Change(new DeviceChange(
            fields.Name,
            fields.Publish is null ? null : Filters("publish", fields.Publish),
            fields.Subscribe is null ? null : Filters("subscribe", fields.Subscribe)));
        return TypedResults.Ok(DeviceView.Of(await device.Get()));
    }

    private static async Task<Ok<DeviceView>> Get(string id, TenantGrains grains) =>
        TypedResults.Ok(DeviceView.Of(await Existing(id, grains).Get()));

    private static async Task<NoContent> Remove(string id, TenantGrains grains)
    {
        await Existing(id, grains).Remove();
        return TypedResults.NoContent();
    }

    private static async Task<Ok<DeviceKey>> RenewKey(string id, TenantGrains grains) =>
        TypedResults.Ok(new DeviceKey(id, await Existing(id, grains).RenewKey()));

    private static async Task<Created<DeviceToken>> IssueToken(
        string id, NewDeviceToken? wishes, TenantGrains grains, AccessTokens tokens)
    {
        var seconds = wishes?.ExpiresIn ?? DefaultTokenSeconds;
        if (seconds is < 1 or > MaxTokenSeconds)
        {
            throw new FailureException(Failure.Invalid, $"'expires_in' is 1 to {MaxTokenSeconds} seconds.");
        }

        var credential = await Existing(id, grains).CredentialId();
        var (token, expiresAt) = tokens.IssueForDevice(TenantGrains.Tenant, id, credential, TimeSpan.FromSeconds(seconds));
        return TypedResults.Created((string?)null, new DeviceToken(token, expiresAt.UtcDateTime));
    }

    /// <summary>What cannot be a device's id wakes no grain.</summary>
    private static IDeviceGrain Existing(string id, TenantGrains grains) =>
        DeviceId.IsValid(id, out _) ? grains.Device(id) : throw new FailureException(Failure.NotFound, "There is no such device.");

    /// <summary>Nullability of elements is not the reader's to check, so it is ours.</summary>
    private static ImmutableArray<string> Filters(string field, IReadOnlyList<string?>? filters) =>
        filters is null ? []
            : filters.Contains(null)
            ? throw new FailureException(Failure.Invalid, $"'{field}' is a list of topic filters, none of them null.")
            : [.. filters.OfType<string>()];
}

internal sealed record NewDevice
{
    /// <summary>1 to 128 letters, digits, '_', '.', ':' or '-', beginning with a letter or digit.</summary>
    public required string Id { get; init; }

    /// <summary>What people call it; up to 200 characters.</summary>
    public string? Name { get; init; }

    /// <summary>Topic filters that it may publish to, besides what is below devices/{itself}/; one that begins with '!' denies, and a denial wins. At most 100.</summary>
    public IReadOnlyList<string?>? Publish { get; init; }

    /// <summary>Topic filters that it may subscribe to, likewise; at most 100.</summary>
    public IReadOnlyList<string?>? Subscribe { get; init; }
}

internal sealed record DeviceFields
{
    /// <summary>What people call it; up to 200 characters.</summary>
    public string? Name { get; init; }

    /// <summary>All topic filters that it may publish to from now on, besides its own; see the registration.</summary>
    public IReadOnlyList<string?>? Publish { get; init; }

    /// <summary>All topic filters that it may subscribe to from now on, likewise.</summary>
    public IReadOnlyList<string?>? Subscribe { get; init; }
}

/// <param name="Key">The device's password for MQTT, shown this once.</param>
internal sealed record DeviceKey(string Id, string Key);

internal sealed record NewDeviceToken
{
    /// <summary>How many seconds it is good for: 1 to 2,592,000 (30 days), 3,600 if left out.</summary>
    public int? ExpiresIn { get; init; }
}

/// <param name="Token">The device's password for MQTT, shown this once.</param>
internal sealed record DeviceToken(string Token, DateTime ExpiresAt);

/// <param name="Next">The cursor of the next page, or null at the end.</param>
internal sealed record DevicePage(IReadOnlyList<DeviceView> Devices, string? Next);

/// <summary>An MQTT session of a device.</summary>
/// <param name="ConnectedSince">Null while the client is away.</param>
/// <param name="Durable">It outlives its connection.</param>
/// <param name="Subscriptions">How many it has.</param>
/// <param name="Queued">Messages of QoS 1 and 2 that wait for the client.</param>
/// <param name="Dropped">Messages that its full queue has dropped, ever.</param>
internal sealed record SessionView(
    string ClientId, DateTime? ConnectedSince, bool Durable, int Subscriptions, long Queued, long Dropped)
{
    public static SessionView Of(SessionSnapshot session) => new(
        session.ClientId,
        session.ConnectedSince?.UtcDateTime,
        session.IsDurable,
        session.Subscriptions,
        session.Queued,
        session.Dropped);
}

/// <param name="ConnectedSince">Null while it is away.</param>
/// <param name="LastSeen">When it last connected or published; null if never.</param>
/// <param name="Readings">Readings stored under this id, ever; also those of a device that was removed before.</param>
/// <param name="Redeliveries">Redeliveries recognised since the server last woke for it.</param>
/// <param name="Refusals">Messages and sign-ins refused since the server started.</param>
internal sealed record DeviceView(
    string Id,
    string Name,
    DateTime CreatedAt,
    IReadOnlyList<string> Publish,
    IReadOnlyList<string> Subscribe,
    bool Connected,
    DateTime? ConnectedSince,
    DateTime? LastSeen,
    long Readings,
    long Redeliveries,
    long Refusals,
    IReadOnlyList<SessionView> Sessions)
{
    /// <summary>Times as <see cref="DateTime"/> in UTC, because those are written with a 'Z'.</summary>
    public static DeviceView Of(DeviceSnapshot device) => new(
        device.Id,
        device.Name,
        device.CreatedAt.UtcDateTime,
        device.Publish,
        device.Subscribe,
        device.Connected,
        device.ConnectedSince?.UtcDateTime,
        device.LastSeen?.UtcDateTime,
        device.Readings,
        device.Redeliveries,
        device.Refusals,
        [.. device.Sessions.Select(SessionView.Of)]);
}
