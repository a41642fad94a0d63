using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Fixtures;
using OrleansIoT.Gateway.Tests.World;

namespace OrleansIoT.Gateway.Tests;

public sealed class GatewayDocumentTests : IAsyncLifetime
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private GatewayHost _gateway = null!;
    private JsonNode _document = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayHost.Start();
        _document = await _gateway.Http.GetAsync("/openapi/v1.json").Json();
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public void It_is_a_valid_document() =>
        Assert.Empty(Microsoft.OpenApi.OpenApiDocument.Parse(_document.ToJsonString(), "json").Diagnostic!.Errors);

    /// <summary>The client of the web app is made out of its copy; with TEST_WRITE_DOCUMENT, as of <c>./dev fmt</c>, that is written anew.</summary>
    [Fact]
    public async Task The_web_app_is_built_from_this_document()
    {
        var copy = Path.Combine(Repository.Root, "src/Dashboard/openapi.json");
        var document = _document.ToJsonString(Indented) + "\n";
        if (Environment.GetEnvironmentVariable("TEST_WRITE_DOCUMENT") is { Length: > 0 })
        {
            await File.WriteAllTextAsync(copy, document);
        }

        Assert.True(document == await File.ReadAllTextAsync(copy), "src/Dashboard/openapi.json is not what the gateway says: ./dev fmt writes it.");
    }

    [Fact]
    public void It_lists_every_route_and_no_other()
    {
        var mapped = Routes().Select(route => route.Name);

        Assert.Equal(mapped.Order(), Operations().Select(operation => operation.Name).Order());
        Assert.Equal(
            [
                "DELETE /auth/sessions", "DELETE /auth/sessions/{id}", "DELETE /auth/tokens/{id}", "DELETE /devices/{id}",
                "DELETE /service-accounts/{id}", "DELETE /users/{id}", "DELETE /users/{id}/sessions",
                "GET /", "GET /.well-known/jwks.json", "GET /.well-known/openid-configuration", "GET /audit", "GET /auth/me", "GET /auth/sessions", "GET /auth/tokens", "GET /devices", "GET /devices/{id}", "GET /fleet", "GET /health/live",
                "GET /health/ready", "GET /iot", "GET /iot/{topic}", "GET /iot/{topic}/latest", "GET /iot/{topic}/stream", "GET /iot/{topic}/{start}/{end}",
                "GET /service-accounts", "GET /service-accounts/{id}", "GET /status", "GET /stream", "GET /tenants", "GET /tenants/{name}", "GET /users",
                "GET /users/{id}", "GET /users/{id}/sessions",
                "PATCH /devices/{id}", "PATCH /service-accounts/{id}", "PATCH /tenants/{name}", "PATCH /users/{id}",
                "POST /auth/login", "POST /auth/logout", "POST /auth/password", "POST /auth/refresh", "POST /auth/register",
                "POST /auth/tokens", "POST /devices", "POST /devices/{id}/key", "POST /devices/{id}/tokens", "POST /oauth/token",
                "POST /service-accounts", "POST /service-accounts/{id}/secret", "POST /tenants", "POST /users", "POST /users/{id}/password",
            ],
            mapped.Order());
    }

    [Fact]
    public void It_demands_a_token_where_the_route_does()
    {
        var open = Routes().Where(route => route.Open).Select(route => route.Name);

        Assert.Equal(open.Order(), Operations().Where(operation => operation.Json["security"] is null).Select(operation => operation.Name).Order());
        Assert.Equal("http", (string)_document["components"]!["securitySchemes"]!["bearer"]!["type"]!);
        Assert.All(Operations().Where(operation => operation.Json["security"] is not null), operation =>
        {
            Assert.Contains("\"bearer\":[]", operation.Json["security"]!.ToJsonString(), StringComparison.Ordinal);
            Assert.NotNull(operation.Json["responses"]!["401"]);
        });
    }

    [Fact]
    public void Every_operation_has_a_summary_an_example_and_its_parameters()
    {
        Assert.All(Operations(), operation =>
        {
            Assert.NotNull(operation.Json["summary"]);
            var success = operation.Json["responses"]!.AsObject().First(response => response.Key[0] == '2');
            var content = success.Value!["content"]?["application/json"] ?? success.Value["content"]?["text/event-stream"];
            Assert.True(success.Key == "204" || content!["example"] is not null, operation.Name);
            Assert.True(success.Key == "204" || content!["schema"] is not null, operation.Name);
            foreach (var name in operation.Name.Split('{').Skip(1).Select(part => part[..part.IndexOf('}', StringComparison.Ordinal)]))
            {
                Assert.Contains(operation.Json["parameters"]!.AsArray(), parameter =>
                    (string)parameter!["name"]! == name && (string)parameter["in"]! == "path" && (bool)parameter["required"]!);
            }
        });
        Assert.All(Operations().Where(operation => operation.Json["requestBody"] is not null), operation =>
            Assert.NotNull(operation.Json["requestBody"]!["content"]!.AsObject().Single().Value!["example"]));
    }

    [Fact]
    public void Every_refusal_is_a_problem()
    {
        var refusals = Operations().SelectMany(operation => operation.Json["responses"]!.AsObject()
            .Where(response => response.Key[0] is '4' or '5' && operation.Name != "GET /health/ready")
            .Where(response => operation.Name != "POST /oauth/token" || response.Key is not ("400" or "401"))).ToList(); // RFC 6749 section 5.2

        Assert.NotEmpty(refusals);
        Assert.All(refusals, refusal => Assert.NotNull(refusal.Value!["content"]!["application/problem+json"]!["schema"]));
    }

    [Fact]
    public void A_limit_has_its_bounds()
    {
        var limit = Operations().Single(operation => operation.Name == "GET /iot/{topic}/{start}/{end}").Json["parameters"]!.AsArray()
            .Single(parameter => (string)parameter!["name"]! == "limit")!["schema"]!;

        Assert.Equal(("integer", 1, 10_000, 1_000), ((string)limit["type"]!, (int)limit["minimum"]!, (int)limit["maximum"]!, (int)limit["default"]!));
    }

    [Fact]
    public void A_range_has_three_forms_of_json_and_two_of_files()
    {
        var content = Operations().Single(operation => operation.Name == "GET /iot/{topic}/{start}/{end}").Json["responses"]!["200"]!["content"]!;

        Assert.Equal(["application/json", "application/x-ndjson", "text/csv"], content.AsObject().Select(media => media.Key).Order());
        Assert.Equal(
            [["data", "last_seq", "next", "topic"], ["data", "every", "field", "last_seq", "next", "topic", "tz"], ["data", "field", "last_seq", "points", "readings", "topic"]],
            content["application/json"]!["schema"]!["anyOf"]!.AsArray().Select(form =>
                Resolve(form!)["required"]!.AsArray().Select(name => (string)name!).Order().ToArray()));
    }

    [Fact]
    public void Fields_are_named_and_required_as_the_routes_take_them()
    {
        var login = Operations().Single(operation => operation.Name == "POST /auth/login").Json["requestBody"]!;
        var schema = Resolve(login["content"]!["application/json"]!["schema"]!);

        Assert.True((bool)login["required"]!);
        Assert.Equal(["email", "password"], schema["required"]!.AsArray().Select(name => (string)name!));
        Assert.Contains("8 to 128", _document.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Bodies_are_closed_and_answers_may_grow()
    {
        var closed = _document["components"]!["schemas"]!.AsObject()
            .Where(schema => schema.Value!["additionalProperties"] is not null).Select(schema => schema.Key);

        Assert.Equal(
            [
                "Credentials", "DeviceFields", "NewDevice", "NewDeviceToken", "NewPersonalToken", "NewServiceAccount", "NewTenant", "NewUser",
                "PasswordChange", "RefreshRequest", "Registration", "ServiceAccountPatch", "TenantPatch", "TokenRequest", "UserPatch",
            ],
            closed.Order());
    }

    private JsonNode Resolve(JsonNode schema) => (string?)schema["$ref"] is { } reference
        ? _document["components"]!["schemas"]![reference.Split('/')[^1]]!
        : schema;

    private IEnumerable<(string Name, JsonNode Json)> Operations() => _document["paths"]!.AsObject().SelectMany(path =>
        path.Value!.AsObject().Select(operation => ($"{operation.Key.ToUpperInvariant()} {path.Key}", operation.Value!)));

    private IEnumerable<(string Name, bool Open)> Routes() => _gateway.Services.GetServices<EndpointDataSource>()
        .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
        .Where(route => route.RoutePattern.RawText is not "/openapi/v1.json")
        .SelectMany(route => route.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods.Select(method =>
            ($"{method} {(route.RoutePattern.RawText is "/" ? "/" : route.RoutePattern.RawText!.TrimEnd('/'))}", route.Metadata.GetMetadata<IAllowAnonymous>() is not null)));
}
