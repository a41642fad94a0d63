using System.Text.Json.Nodes;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Audit;

public sealed class AuditApiTests
{
    [Fact]
    public async Task Administrators_read_it_the_newest_first()
    {
        await using var gateway = await GatewayHost.Start();
        await gateway.As(Roles.Operator, id: "u-7").Post("/devices", """{"id": "meter-7"}""");
        gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        await gateway.Http.Post("/auth/login", """{"email": "ada@example.org", "password": "wrong horse"}""");

        Assert.Equal(
            """{"entries":[{"id":2,"at":"2026-03-01T12:00:01Z","actor":{"kind":"nobody","id":null,"name":"ada@example.org"},"address":"127.0.0.1","action":"Login","thing":null,"result":"refused","status":401,"failure":"not_signed_in","reason":"The email or the password is wrong.","count":1},{"id":1,"at":"2026-03-01T12:00:00Z","actor":{"kind":"user","id":"u-7","name":null},"address":"127.0.0.1","action":"RegisterDevice","thing":{"type":"device","id":"meter-7"},"result":"ok","status":201,"failure":null,"reason":null,"count":1}],"next":null}""",
            await gateway.As(Roles.Admin).GetStringAsync(new Uri("/audit", UriKind.Relative)));
    }

    [Theory]
    [InlineData(Roles.Viewer)]
    [InlineData(Roles.Operator)]
    [InlineData(Roles.None)]
    public async Task Nobody_else_does(Roles roles)
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.As(roles).GetAsync("/audit").IsProblem(403, "forbidden");
        await gateway.Http.GetAsync("/audit").IsProblem(401, "not_signed_in");
    }

    [Fact]
    public async Task An_administrator_of_another_tenant_reads_its_own()
    {
        await using var gateway = await GatewayHost.Start();
        await gateway.As(Roles.Operator).Post("/devices", """{"id": "meter-7"}""");

        var theirs = await gateway.As(Roles.Admin, "acme").GetAsync("/audit").Json();

        Assert.Empty(theirs["entries"]!.AsArray());
    }

    [Theory]
    [InlineData("", "5 4 3 2 1")]
    [InlineData("?order=asc", "1 2 3 4 5")]
    [InlineData("?start=2026-03-01T12:00:02Z&end=2026-03-01T12:00:04Z", "4 3")]
    [InlineData("?start=2026-03-01T13:00:02%2B01:00&order=asc&limit=2", "3 4")]
    [InlineData("?actor=u-2", "4 2")]
    [InlineData("?action=RemoveDevice&order=", "5")]
    [InlineData("?thing=d1", "5 1")]
    [InlineData("?thing=device/d2&actor=u-2", "2")]
    [InlineData("?result=refused", "5")]
    [InlineData("?result=failed", "")]
    [InlineData("?limit=3", "5 4 3")]
    public async Task Range_filters_and_order_are_as_asked(string query, string ids)
    {
        await using var gateway = await GatewayHost.Start();
        for (var i = 1; i <= 4; i++)
        {
            await gateway.As(Roles.Operator, id: $"u-{2 - (i % 2)}").Post("/devices", $$"""{"id": "d{{i}}"}""");
            gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        await gateway.As(Roles.Viewer, id: "u-3").DeleteAsync("/devices/d1");

        Assert.Equal(ids, Ids(await gateway.As(Roles.Admin).GetAsync($"/audit{query}").Json()));
    }

    [Fact]
    public async Task Pages_join()
    {
        await using var gateway = await GatewayHost.Start();
        var http = gateway.As(Roles.Admin);
        for (var i = 1; i <= 5; i++)
        {
            await http.Post("/devices", $$"""{"id": "d{{i}}"}""");
        }

        var first = await http.GetAsync("/audit?limit=3").Json();
        var second = await http.GetAsync($"/audit?limit=3&cursor={first["next"]}").Json();

        Assert.Equal(("5 4 3", "2 1"), (Ids(first), Ids(second)));
        Assert.Null(second["next"]);
    }

    [Theory]
    [InlineData("start=yesterday")]
    [InlineData("start=2026-03-01T12:00:00Z&end=2026-03-01T12:00:00Z")]
    [InlineData("limit=0")]
    [InlineData("limit=1001")]
    [InlineData("cursor=abc")]
    [InlineData("order=up")]
    [InlineData("result=good")]
    [InlineData("tenant=acme")]
    [InlineData("actor=a&actor=b")]
    public async Task What_cannot_be_meant_is_refused(string query)
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.As(Roles.Admin).GetAsync($"/audit?{query}").IsProblem(400, "invalid");
    }

    private static string Ids(JsonNode page) => string.Join(' ', page["entries"]!.AsArray().Select(entry => (long)entry!["id"]!));
}
