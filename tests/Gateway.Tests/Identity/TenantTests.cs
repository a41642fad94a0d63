using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

/// <summary>The tenant comes out of the token, and nothing else that a client sends can choose it (H02).</summary>
public sealed class TenantTests
{
    [Theory]
    [InlineData("GET", "/devices/meter-7")]
    [InlineData("DELETE", "/devices/meter-7")]
    [InlineData("POST", "/devices/meter-7/key")]
    [InlineData("GET", "/iot/t")]
    [InlineData("GET", "/iot/t/latest")]
    [InlineData("GET", "/iot/t/2026-01-01T00:00:00Z/2027-01-01T00:00:00Z")]
    [InlineData("GET", "/iot/..%2Fother/t")]
    [InlineData("GET", "/iot/other/t")]
    [InlineData("GET", "/users/u-other-1")]
    public async Task Another_tenants_thing_is_not_there(string method, string path)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddUser("eve@example.org", tenant: "other", id: "u-other-1");
        gateway.Grains.AddDevice("meter-7", tenant: "other");
        gateway.Grains.AddReading("t", gateway.Clock.GetUtcNow(), "1"u8.ToArray(), tenant: "other");
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Add("X-Tenant", "other");

        await gateway.As(Roles.Admin).SendAsync(request).IsProblem(404, "not_found");

        Assert.NotEmpty(gateway.Grains.Calls);
        Assert.All(gateway.Grains.Calls, call => Assert.StartsWith("default/", call.Key, StringComparison.Ordinal));
        Assert.Equal("key-1", gateway.Grains.Devices["other/meter-7"].Key);
    }

    [Theory]
    [InlineData("/devices")]
    [InlineData("/users")]
    public async Task Another_tenants_things_are_in_no_list(string path)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddUser("eve@example.org", tenant: "other");
        gateway.Grains.AddDevice("meter-7", "eve's", tenant: "other");

        Assert.DoesNotContain("eve", await gateway.As(Roles.Admin).GetStringAsync(new Uri(path, UriKind.Relative)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenant_in_a_query_is_none_of_its_parameters()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddDevice("meter-7", "eve's", tenant: "other");

        await gateway.As(Roles.Admin).GetAsync("/devices?tenant=other").IsProblem(400, "invalid");
    }

    [Fact]
    public async Task A_token_opens_its_own_tenant()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddDevice("meter-7", tenant: "other");

        using var answer = await gateway.As(Roles.Viewer, "other").GetAsync("/devices/meter-7");

        Assert.Equal(200, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Requests_at_once_keep_their_callers_apart()
    {
        await using var gateway = await GatewayHost.Start();
        var tenants = Enumerable.Range(0, 20).Select(i => $"t{i}").ToList();
        tenants.ForEach(tenant => gateway.Grains.AddDevice("meter-7", tenant, tenant));

        var names = await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            var tenant = tenants[i % tenants.Count];
            var device = await gateway.As(Roles.Viewer, tenant).GetAsync("/devices/meter-7").Json();
            return (tenant, (string)device["name"]!);
        }));

        Assert.All(names, name => Assert.Equal(name.tenant, name.Item2));
    }

    [Fact]
    public async Task One_connection_keeps_nothing_of_the_caller_before()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddDevice("meter-7", tenant: "other");
        string Request(string tenant, string connection) =>
            $"GET /devices/meter-7 HTTP/1.1\r\nHost: gateway\r\nConnection: {connection}\r\nAuthorization: Bearer {gateway.Token(Roles.Admin, tenant)}\r\n\r\n";

        var answers = await gateway.Send(
            Request("other", "keep-alive") + Request("default", "keep-alive")
            + "GET /devices/meter-7 HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n");

        var statuses = $"{answers.Head}\r\n\r\n{answers.Body}".Split("HTTP/1.1 ").Skip(1).Select(answer => answer[..3]);
        Assert.Equal(["200", "404", "401"], statuses);
    }
}
