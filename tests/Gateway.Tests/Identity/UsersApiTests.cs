using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

public sealed class UsersApiTests
{
    [Fact]
    public async Task Administrators_list_the_users_of_their_tenant_page_by_page()
    {
        await using var gateway = await GatewayHost.Start();
        var names = new[] { "ada", "bob", "cyd", "dee", "eva" };
        foreach (var name in names)
        {
            gateway.Grains.AddUser($"{name}@example.org", roles: Roles.Viewer | Roles.Operator);
            gateway.Grains.AddUser($"{name}@example.com", tenant: "other");
        }

        var http = gateway.As(Roles.Admin);
        var found = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await http.GetAsync($"/users?limit=2&cursor={cursor}").Json();
            Assert.Equal(["data", "next"], page.AsObject().Select(field => field.Key));
            found.AddRange(page["data"]!["users"]!.AsArray().Select(user => (string)user!["email"]!));
            cursor = (string?)page["next"];
        }

        Assert.Equal(names.Select(name => $"{name}@example.org"), found.Order());
    }

    [Fact]
    public async Task A_user_is_id_email_name_whether_active_roles_and_grants_and_nothing_secret()
    {
        await using var gateway = await GatewayHost.Start();
        var ada = gateway.Grains.AddUser("ada@example.org", roles: Roles.Viewer | Roles.Admin);

        var text = await gateway.As(Roles.Viewer, id: ada.Id).GetStringAsync(new Uri($"/users/{ada.Id}", UriKind.Relative));

        Assert.Equal(
            $$$"""{"data":{"users":[{"id":"{{{ada.Id}}}","email":"ada@example.org","username":"ada","active":true,"roles":["viewer","admin"],"grants":[],"created_at":"2026-03-01T12:00:00Z"}]}}""", text);
    }

    [Fact]
    public async Task The_list_is_searched()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddUser("ada@example.org");
        gateway.Grains.AddUser("bob@example.org");

        var page = await gateway.As(Roles.Admin).GetAsync("/users?search=ADA").Json();

        Assert.Equal("ada@example.org", (string)Assert.Single(page["data"]!["users"]!.AsArray())!["email"]!);
    }

    [Theory]
    [InlineData(Roles.None)]
    [InlineData(Roles.Viewer)]
    [InlineData(Roles.Operator)]
    public async Task The_list_is_for_administrators(Roles roles)
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.As(roles).GetAsync("/users").IsProblem(403, "forbidden");
    }

    [Fact]
    public async Task Another_users_record_looks_like_none_to_all_but_administrators()
    {
        await using var gateway = await GatewayHost.Start();
        var ada = gateway.Grains.AddUser("ada@example.org");
        var foreign = gateway.Grains.AddUser("eve@example.org", tenant: "other");

        var theirs = await gateway.As(Roles.Operator, id: "u-9").GetAsync($"/users/{ada.Id}").IsProblem(404, "not_found");
        var nobodys = await gateway.As(Roles.Operator, id: "u-9").GetAsync("/users/u-8").IsProblem(404, "not_found");
        await gateway.As(Roles.Admin).GetAsync($"/users/{foreign.Id}").IsProblem(404, "not_found");
        using var admins = await gateway.As(Roles.Admin).GetAsync($"/users/{ada.Id}");

        Assert.Equal(nobodys, theirs);
        Assert.Equal(200, (int)admins.StatusCode);
    }

    [Theory]
    [InlineData("?limit=0")]
    [InlineData("?limit=501")]
    [InlineData("?limit=x")]
    public async Task A_senseless_limit_is_refused(string query)
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Contains("1 to 500", await gateway.As(Roles.Admin).GetAsync($"/users{query}").IsProblem(400, "invalid"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_search_longer_than_any_name_is_refused()
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.As(Roles.Admin).GetAsync($"/users?search={new string('x', 201)}").IsProblem(400, "invalid");
    }
}
