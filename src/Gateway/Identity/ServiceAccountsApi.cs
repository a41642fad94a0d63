using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>Accounts of programs, for administrators. How they get tokens: <see cref="OAuthApi"/>.</summary>
internal static class ServiceAccountsApi
{
    private const string ExampleAccount =
        """{"client_id": "default.0195e8a0-3f5e-7d3f-8b7c-9a533f0c2f3b", "name": "billing", "active": true, "roles": ["viewer"], "grants": ["meters/#"], "created_at": "2026-03-01T08:00:00Z"}""";

    private const string ExampleSecret =
        """{"client_id": "default.0195e8a0-3f5e-7d3f-8b7c-9a533f0c2f3b", "client_secret": "kT0wYd5u…"}""";

    public static void MapServiceAccounts(this IEndpointRouteBuilder routes)
    {
        var accounts = routes.MapGroup("/service-accounts").WithTags("Identity").Fails(401, 403, 503, 504);

        accounts.MapPost("/", Create)
            .WithName("CreateServiceAccount")
            .WithSummary("Creates a service account; for administrators")
            .WithDescription("The secret is in this answer and nowhere else: it is stored hashed. With both the program gets access tokens at /oauth/token.")
            .ExampleBody("""{"name": "billing", "roles": ["viewer"], "grants": ["meters/#"]}""")
            .ExampleAnswer(ExampleSecret)
            .Fails(400, 413, 415);

        accounts.MapGet("/", List)
            .WithName("ListServiceAccounts")
            .WithSummary("Lists service accounts; for administrators")
            .WithMetadata(DirectoryPages.Size)
            .ExampleAnswer($$"""{"service_accounts": [{{ExampleAccount}}], "next": null}""")
            .Fails(400);

        accounts.MapGet("/{id}", async (string id, TenantGrains grains) =>
                TypedResults.Ok(ServiceAccountView.Of(await Existing(id, grains).Get())))
            .WithName("GetServiceAccount")
            .WithSummary("A service account; for administrators")
            .ExampleAnswer(ExampleAccount)
            .Fails(404);

        accounts.MapPatch("/{id}", Change)
            .WithName("ChangeServiceAccount")
            .WithSummary("Changes a service account; for administrators")
            .WithDescription("What is left out stays as it is. Other roles or grants count at once; a deactivation ends its tokens.")
            .ExampleBody("""{"roles": ["operator"], "active": true}""")
            .ExampleAnswer(ExampleAccount)
            .Fails(400, 404, 413, 415);

        accounts.MapDelete("/{id}", async (string id, TenantGrains grains) =>
            {
                await Existing(id, grains).Remove();
                return TypedResults.NoContent();
            })
            .WithName("RemoveServiceAccount")
            .WithSummary("Deletes a service account, which ends its tokens; for administrators")
            .Fails(404);

        accounts.MapPost("/{id}/secret", async (string id, TenantGrains grains) =>
                TypedResults.Ok(new ServiceAccountSecret(id, await Existing(id, grains).RenewSecret())))
            .WithName("RenewServiceAccountSecret")
            .WithSummary("Gives a service account a new secret; for administrators")
            .WithDescription("The old one stops working, and the tokens that it got end.")
            .ExampleAnswer(ExampleSecret)
            .Fails(404);
    }

    private static async Task<Created<ServiceAccountSecret>> Create(NewServiceAccount account, TenantGrains grains)
    {
        var id = ClientId.Create(TenantGrains.Tenant);
        var secret = await grains.ServiceAccount(id).Create(
            account.Name, RightsFields.RolesOf(account.Roles), RightsFields.GrantsOf(account.Grants));
        return TypedResults.Created($"/service-accounts/{id}", new ServiceAccountSecret(id, secret));
    }

    private static async Task<Ok<ServiceAccountPage>> List(string? search, string? limit, string? cursor, TenantGrains grains)
    {
        var page = await grains.ServiceAccounts.Page(search, limit, cursor);
        var accounts = await page.Get(entry => grains.ServiceAccount(entry.GrainName).Get());
        return TypedResults.Ok(new ServiceAccountPage([.. accounts.Select(ServiceAccountView.Of)], page.Next));
    }

    private static async Task<Ok<ServiceAccountView>> Change(string id, ServiceAccountPatch patch, TenantGrains grains) =>
        TypedResults.Ok(ServiceAccountView.Of(await Existing(id, grains).Change(new ServiceAccountChange(
            patch.Name,
            patch.Active,
            patch.Roles is null ? null : RightsFields.RolesOf(patch.Roles),
            patch.Grants is null ? null : RightsFields.GrantsOf(patch.Grants)))));

    /// <summary>What cannot be an account's id wakes no grain; and of another tenant's there is none here.</summary>
    private static IServiceAccountGrain Existing(string id, TenantGrains grains) => grains.ServiceAccount(
        ClientId.IsValid(id, out _)
            ? id
            : throw new FailureException(Failure.NotFound, "There is no such service account."));
}

internal sealed record NewServiceAccount
{
    /// <summary>What people call it: 1 to 100 characters.</summary>
    public required string Name { get; init; }

    /// <summary>Of viewer, operator and admin, at least one.</summary>
    public required IReadOnlyList<string?> Roles { get; init; }

    /// <summary>Topic filters that it is narrowed to; one that begins with '!' denies. At most 50, none for an administrator.</summary>
    public IReadOnlyList<string?>? Grants { get; init; }
}

internal sealed record ServiceAccountPatch
{
    /// <summary>What people call it: 1 to 100 characters.</summary>
    public string? Name { get; init; }

    /// <summary>Whether it gets tokens.</summary>
    public bool? Active { get; init; }

    /// <summary>Of viewer, operator and admin: all that it has from now on.</summary>
    public IReadOnlyList<string?>? Roles { get; init; }

    /// <summary>Topic filters that it is narrowed to from now on; none narrow nothing.</summary>
    public IReadOnlyList<string?>? Grants { get; init; }
}

/// <param name="ClientSecret">Shown this once.</param>
internal sealed record ServiceAccountSecret(string ClientId, string ClientSecret)
{
    /// <summary>A record would print the secret.</summary>
    public override string ToString() => $"ServiceAccountSecret {{ {ClientId} }}";
}

/// <param name="Next">The cursor of the next page, or null at the end.</param>
internal sealed record ServiceAccountPage(IReadOnlyList<ServiceAccountView> ServiceAccounts, string? Next);

/// <param name="Active">Whether it gets tokens.</param>
/// <param name="Roles">Of viewer, operator and admin.</param>
/// <param name="Grants">Topic filters that it is narrowed to; none narrow nothing.</param>
internal sealed record ServiceAccountView(
    string ClientId, string Name, bool Active, IReadOnlyList<string> Roles, IReadOnlyList<string> Grants, DateTime CreatedAt)
{
    public static ServiceAccountView Of(ServiceAccountRecord account) => new(
        account.Id, account.Name, account.Active, RoleNames.Of(account.Roles), account.Grants, account.CreatedAt.UtcDateTime);
}
