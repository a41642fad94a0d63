using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// Tenants, for administrators of the installation's own tenant; an administrator of another one sees that. The only routes
/// where an address names a tenant.
/// </summary>
internal static class TenantsApi
{
    private const string ExampleTenant = """{"name": "acme", "title": "Acme Ltd", "active": true, "created_at": "2026-03-01T08:00:00Z"}""";

    public static void MapTenants(this IEndpointRouteBuilder routes)
    {
        var tenants = routes.MapGroup("/tenants").WithTags("Identity").Fails(401, 403, 503, 504);

        tenants.MapPost("/", Create)
            .WithName("CreateTenant")
            .WithSummary("Creates a tenant with its first administrator; for administrators of the installation")
            .WithDescription("The administrator's password is in this answer and nowhere else.")
            .ExampleBody("""{"name": "acme", "title": "Acme Ltd", "admin_email": "ada@acme.example"}""")
            .ExampleAnswer($$$"""{"tenant": {{{ExampleTenant}}}, "admin": {"id": "01J9ZD3C6K", "email": "ada@acme.example", "password": "tKc0wYd5u9Rr2nQe8pLs"}}""")
            .Fails(400, 404, 409, 413, 415, 429);

        tenants.MapGet("/", List)
            .WithName("ListTenants")
            .WithSummary("Lists tenants by name, without the installation's own; an administrator of another tenant sees that")
            .WithMetadata(DirectoryPages.Size)
            .ExampleAnswer($$"""{"tenants": [{{ExampleTenant}}], "next": null}""")
            .Fails(400);

        tenants.MapGet("/{name}", Get)
            .WithName("GetTenant")
            .WithSummary("A tenant; for administrators")
            .ExampleAnswer(ExampleTenant)
            .Fails(404);

        tenants.MapPatch("/{name}", Change)
            .WithName("ChangeTenant")
            .WithSummary("Deactivates a tenant, or activates it again; for administrators of the installation")
            .WithDescription("Of a tenant that is not active nobody signs in and no device connects, and who is there goes within five seconds. Nothing is deleted.")
            .ExampleBody("""{"active": false}""")
            .ExampleAnswer(ExampleTenant)
            .Fails(400, 404, 409, 413, 415);
    }

    private static async Task<Created<CreatedTenantAnswer>> Create(NewTenant tenant, IGrainFactory grains)
    {
        if (!TenantName.IsValid(tenant.Name, out var why) || !UserRules.IsEmail(tenant.AdminEmail, out why))
        {
            throw new FailureException(Failure.Invalid, why);
        }

        var created = await grains.Tenancy(tenant.Name).Create(tenant.Title ?? "", tenant.AdminEmail);
        var administrator = created.Administrator;
        return TypedResults.Created(
            $"/tenants/{tenant.Name}",
            new CreatedTenantAnswer(
                TenantView.Of(created.Tenant),
                new TenantAdministrator(administrator.User.Id, administrator.User.Email, administrator.Password)));
    }

    private static async Task<Ok<TenantPage>> List(string? search, string? limit, string? cursor, IGrainFactory grains)
    {
        if (TenantGrains.Tenant != GrainKey.DefaultTenant)
        {
            var own = await grains.Tenancy(TenantGrains.Tenant).Get();
            return TypedResults.Ok(new TenantPage([TenantView.Of(own)], null));
        }

        var page = await grains.Tenants().Page(search, limit, cursor);
        var tenants = await page.Get(entry => grains.Tenancy(entry.GrainName).Get());
        return TypedResults.Ok(new TenantPage([.. tenants.Select(TenantView.Of)], page.Next));
    }

    private static async Task<Ok<TenantView>> Get(string name, IGrainFactory grains) =>
        TypedResults.Ok(TenantView.Of(await Existing(name, grains).Get()));

    private static async Task<Ok<TenantView>> Change(string name, TenantPatch patch, IGrainFactory grains) =>
        TypedResults.Ok(TenantView.Of(await Existing(name, grains).SetActive(patch.Active)));

    /// <summary>What cannot be a tenant's name wakes no grain.</summary>
    private static ITenancyGrain Existing(string name, IGrainFactory grains) => TenantName.IsValid(name, out _)
        ? grains.Tenancy(name)
        : throw new FailureException(Failure.NotFound, "There is no such tenant.");
}

internal sealed record NewTenant
{
    /// <summary>1 to 63 lower-case letters, digits or '-', beginning with a letter or digit.</summary>
    public required string Name { get; init; }

    /// <summary>What people call it; up to 200 characters.</summary>
    public string? Title { get; init; }

    /// <summary>The email of its first administrator.</summary>
    public required string AdminEmail { get; init; }
}

internal sealed record TenantPatch
{
    /// <summary>Whether its users may sign in and its devices connect.</summary>
    public required bool Active { get; init; }
}

internal sealed record CreatedTenantAnswer(TenantView Tenant, TenantAdministrator Admin);

/// <param name="Password">Shown this once.</param>
internal sealed record TenantAdministrator(string Id, string Email, string? Password)
{
    /// <summary>A record would print the password.</summary>
    public override string ToString() => $"TenantAdministrator {{ {Id} }}";
}

/// <param name="Next">The cursor of the next page, or null at the end.</param>
internal sealed record TenantPage(IReadOnlyList<TenantView> Tenants, string? Next);

/// <param name="CreatedAt">Null for the installation's own tenant.</param>
internal sealed record TenantView(string Name, string Title, bool Active, DateTime? CreatedAt)
{
    public static TenantView Of(TenantRecord tenant) => new(tenant.Name, tenant.Title, tenant.Active, tenant.CreatedAt?.UtcDateTime);
}
