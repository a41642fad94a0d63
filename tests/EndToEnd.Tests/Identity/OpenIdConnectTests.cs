using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.EndToEnd.Tests.Clients;
using OrleansIoT.Fixtures;
using OrleansIoT.Gateway;

namespace OrleansIoT.EndToEnd.Tests.Identity;

/// <summary>With a provider and a client library that are not ours: we could agree with ourselves on the same mistake.</summary>
public sealed class OpenIdConnectTests
{
    [Fact]
    public async Task Tokens_of_a_real_provider_open_what_their_roles_do_also_after_its_keys_rotate_and_while_it_is_away()
    {
        await using var provider = await OidcProvider.Start();
        await using var host = await IotHost.Start(configure: builder => builder.Services.Configure<GatewayOptions>(options => options.Issuers =
        [
            new()
            {
                Name = "corp",
                Issuer = provider.Issuer,
                Audience = OidcProvider.Resource,
                RequireHttps = false,
                TenantClaim = "org.name",
                Tenants = ["default"],
                RolesClaim = "roles",
                RoleMap = new Dictionary<string, string> { ["iot-operators"] = "operator", ["iot-viewers"] = "viewer" },
            },
        ]));
        var @operator = await provider.Token("iot-operators");
        var viewer = await provider.Token("iot-viewers");

        Assert.Equal(HttpStatusCode.Created, await Register(host, @operator, "meter-1"));
        Assert.Equal(HttpStatusCode.Forbidden, await Register(host, viewer, "meter-2"));
        Assert.Equal(HttpStatusCode.OK, await List(host, viewer));
        await using (var device = await MqttDevice.Connect(host.MqttPort, "", @operator))
        {
            Assert.Equal(ReasonCode.Success, await device.Publish("devices/meter-1/commands/reset", "1"));
        }

        await provider.Rotate();
        var after = await provider.Token("iot-operators");
        await Eventually.IsAsync(async () => await List(host, after) == HttpStatusCode.OK); // between two looks there is a pause

        await provider.Stop();
        Assert.Equal(HttpStatusCode.OK, await List(host, after));
        Assert.Equal(HttpStatusCode.Unauthorized, await List(host, after[..^8] + "AAAAAAAA"));
    }

    [Fact]
    public async Task A_real_client_finds_our_token_endpoint_gets_a_token_and_verifies_it()
    {
        var port = LocalPort.Free();
        await using var host = await IotHost.Start(
            configure: builder => builder.Services.Configure<GatewayOptions>(options => options.PublicUrl = $"http://127.0.0.1:{port}"),
            options: options => options.Http = port);
        using var admin = new IotClient(port);
        await admin.SignIn("admin@localhost", IotHost.AdminPassword);
        using var made = await admin.Http.PostAsJsonAsync("/service-accounts", new { name = "robot", roles = new[] { "operator", "viewer" } });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var account = await made.Content.ReadFromJsonAsync<JsonElement>();
        var (id, secret) = (account.GetProperty("client_id").GetString()!, account.GetProperty("client_secret").GetString()!);

        var viewer = await OidcProvider.TokenOf($"http://127.0.0.1:{port}", id, secret, "viewer", verify: true);
        var @operator = await OidcProvider.TokenOf($"http://127.0.0.1:{port}", id, secret, "operator", verify: true);

        Assert.Equal(HttpStatusCode.OK, await List(host, viewer));
        Assert.Equal(HttpStatusCode.Forbidden, await Register(host, viewer, "meter-1"));
        Assert.Equal(HttpStatusCode.Created, await Register(host, @operator, "meter-1"));
    }

    private static async Task<HttpStatusCode> List(IotHost host, string token)
    {
        using var http = Client(host, token);
        using var answer = await http.GetAsync(new Uri("/devices", UriKind.Relative));
        return answer.StatusCode;
    }

    private static async Task<HttpStatusCode> Register(IotHost host, string token, string device)
    {
        using var http = Client(host, token);
        using var answer = await http.PostAsJsonAsync("/devices", new { id = device });
        return answer.StatusCode;
    }

    private static HttpClient Client(IotHost host, string token)
    {
        var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{host.HttpPort}") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }
}
