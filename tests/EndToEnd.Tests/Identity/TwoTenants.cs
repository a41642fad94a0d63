using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Identity;

/// <summary>Somebody with a token.</summary>
/// <param name="IsPerson">Signed in with a password, so that it has sessions and may change the password.</param>
public sealed record TestCaller(string Name, string Tenant, string Email, string Token, bool IsPerson)
{
    internal Least Role { get; init; }
}

/// <summary>A route as the OpenAPI document describes it.</summary>
public sealed record TestRoute(string Name, HttpMethod Method, string Path, JsonNode? Body, string? MediaType, bool IsSecured)
{
    /// <summary>Whether the path names a thing.</summary>
    public bool HasThing => Path.Contains('{', StringComparison.Ordinal);
}

public sealed record TestAnswer(HttpStatusCode Status, string Text);

/// <summary>An installation with two tenants that know nothing of each other, each with a caller of every role.</summary>
public sealed class TwoTenants : IAsyncLifetime, IDisposable
{
    /// <summary>In whatever belongs to the tenant that others must not see.</summary>
    public const string Canary = "canary-of-acme";

    private const string Password = "correct horse battery staple";

    private IotProcess _iot = null!;
    private HttpClient _http = null!;
    private List<TestRoute>? _routes;
    private int _made;

    internal TestCaller Nobody { get; } = new("nobody", "", "", "", IsPerson: false);

    internal TestCaller Installation { get; private set; } = null!;

    /// <summary>Of the tenant whose things are asked for.</summary>
    internal IReadOnlyList<TestCaller> Natives { get; private set; } = [];

    internal IReadOnlyList<TestCaller> Foreigners { get; private set; } = [];

    internal IEnumerable<TestCaller> Everybody => Natives.Concat(Foreigners);

    /// <summary>Whose own things are asked for by others.</summary>
    internal TestCaller Victim { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _iot = await IotProcess.Start("--device-rate", "0");
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_iot.HttpPort}") };
        Installation = await SignIn("installation's admin", "default", "admin@localhost", IotProcess.AdminPassword, Least.Admin);
        Natives = await Populate("acme");
        Foreigners = await Populate("other");
        Victim = Natives.Single(caller => caller.Name == "acme's admin");

        var device = $"{Canary}-source";
        var key = (string)(await Json(Victim, HttpMethod.Post, "/devices", new JsonObject { ["id"] = device, ["publish"] = new JsonArray($"{Canary}/#") }))["key"]!;
        await using var source = await MqttDevice.Connect(_iot.MqttPort, $"acme/{device}", key);
        Assert.Equal(ReasonCode.Success, await source.Publish($"{Canary}/t", "21.5"));
    }

    public async Task DisposeAsync() => await _iot.DisposeAsync();

    public void Dispose() => _http.Dispose();

    internal async Task<IReadOnlyList<TestRoute>> Routes()
    {
        if (_routes is null)
        {
            var document = JsonNode.Parse(await _http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative)))!;
            _routes =
            [
                .. from path in document["paths"]!.AsObject()
                   from operation in path.Value!.AsObject()
                   let content = operation.Value!["requestBody"]?["content"]?.AsObject().First()
                   select new TestRoute(
                       (string)operation.Value["operationId"]!,
                       HttpMethod.Parse(operation.Key),
                       path.Key,
                       content?.Value!["example"],
                       content?.Key,
                       operation.Value["security"] is JsonArray { Count: > 0 }),
            ];
        }

        return _routes;
    }

    internal async Task<TestRoute> Route(string name) => (await Routes()).Single(route => route.Name == name);

    /// <summary>The path of a thing of this caller's tenant that was made for this question; where it is the caller's own thing, of this caller.</summary>
    internal async Task<string> Target(TestRoute route, TestCaller caller)
    {
        var path = route.Path;
        if (!route.HasThing)
        {
            return route.Name == "StreamTopics" ? $"{path}?topics={Canary}/t" : path;
        }

        var admin = caller.Tenant == "default" ? Installation : Everybody.Single(other => other.Name == $"{caller.Tenant}'s admin");
        var (parameter, value) = path.Split('/')[1] switch
        {
            "devices" => ("{id}", (string)(await Json(admin, HttpMethod.Post, "/devices", new JsonObject { ["id"] = $"{Canary}-{++_made}", ["name"] = Canary }))["id"]!),
            "users" => ("{id}", await CreateUser(admin, $"{Canary}-{++_made}@example.org", "viewer")),
            "service-accounts" => ("{id}", (string)(await Json(admin, HttpMethod.Post, "/service-accounts", Account($"{Canary}-{++_made}")))["client_id"]!),
            "tenants" => ("{name}", route.Name == "GetTenant" ? "acme" : await CreateTenant($"tenant-{++_made}")),
            "auth" when path.Contains("sessions", StringComparison.Ordinal) => ("{id}", await AnotherSession(caller)),
            "auth" => ("{id}", (string)(await Json(caller, HttpMethod.Post, "/auth/tokens", PersonalToken()))["details"]!["id"]!),
            _ => ("{topic}", $"{Canary}/t"),
        };
        return path.Replace(parameter, value, StringComparison.Ordinal)
            .Replace("{start}", "2020-01-01T00:00:00Z", StringComparison.Ordinal)
            .Replace("{end}", "2100-01-01T00:00:00Z", StringComparison.Ordinal);
    }

    /// <summary>The caller itself, or somebody like it where the route would leave it signed out.</summary>
    internal async Task<TestCaller> Renewed(TestCaller caller, TestRoute route) =>
        route.Name is "Logout" or "ChangePassword" or "EndOtherSessions" && caller.Tenant != "default"
            ? await Create(caller.Tenant, caller.Role)
            : caller;

    internal async Task<TestAnswer> Send(TestRoute route, TestCaller caller, string target)
    {
        using var request = new HttpRequestMessage(route.Method, target);
        if (route.Body is not null)
        {
            request.Content = new StringContent(Body(route, caller), Encoding.UTF8, route.MediaType!);
        }

        return await Send(request, caller);
    }

    /// <summary>What an administrator sees of the thing, to compare.</summary>
    internal async Task<string?> Look(TestRoute route, string target)
    {
        if (!route.HasThing || target.Split('/')[1] is not ("devices" or "users" or "service-accounts" or "tenants"))
        {
            return null;
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, string.Join('/', target.Split('/').Take(3)));
        var answer = await Send(request, target.StartsWith("/tenants", StringComparison.Ordinal) ? Installation : Victim);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        return answer.Text;
    }

    /// <summary>The document's example, with names that nobody has yet.</summary>
    private string Body(TestRoute route, TestCaller caller)
    {
        if (route.MediaType == "application/x-www-form-urlencoded")
        {
            return string.Join('&', route.Body!.AsObject().Select(field => $"{field.Key}={Uri.EscapeDataString((string)field.Value!)}"));
        }

        var body = route.Body!.DeepClone().AsObject();
        var n = ++_made;
        foreach (var field in new[] { "email", "admin_email" }.Where(body.ContainsKey))
        {
            body[field] = $"somebody-{n}@example.org";
        }

        if (route.Name is "RegisterDevice")
        {
            body["id"] = $"meter-{n}";
        }

        if (route.Name is "CreateTenant")
        {
            body["name"] = $"made-{n}";
        }

        if (route.Name is "ChangePassword")
        {
            body["current_password"] = caller.Email == "admin@localhost" ? IotProcess.AdminPassword : Password;
        }

        return body.ToJsonString();
    }

    private async Task<IReadOnlyList<TestCaller>> Populate(string tenant)
    {
        await CreateTenant(tenant);
        var callers = new List<TestCaller> { await Create(tenant, Least.Admin) };
        callers.Add(await Create(tenant, Least.Operator));
        callers.Add(await Create(tenant, Least.Viewer));

        // What an administrator's token is narrowed to, it is.
        var token = (string)(await Json(callers[0], HttpMethod.Post, "/auth/tokens", PersonalToken()))["token"]!;
        callers.Add(callers[0] with { Name = $"{tenant}'s admin's token for viewing", Token = token, Role = Least.Viewer, IsPerson = false });
        return callers;
    }

    private async Task<TestCaller> Create(string tenant, Least role)
    {
        var name = role.ToString().ToLowerInvariant();
        var email = $"{name}-{++_made}@{tenant}.example";
        if (role == Least.Admin && !Everybody.Any(caller => caller.Tenant == tenant))
        {
            var first = await SignIn("first", tenant, $"first@{tenant}.example", _firstPasswords[tenant], role);
            await CreateUser(first, email, name);
        }
        else
        {
            await CreateUser(_admins[tenant], email, name);
        }

        var caller = await SignIn($"{tenant}'s {name}", tenant, email, Password, role);
        if (role == Least.Admin)
        {
            _admins.TryAdd(tenant, caller);
        }

        return caller;
    }

    private readonly Dictionary<string, string> _firstPasswords = [];
    private readonly Dictionary<string, TestCaller> _admins = [];

    private async Task<string> CreateTenant(string name)
    {
        var answer = await Json(Installation, HttpMethod.Post, "/tenants", new JsonObject { ["name"] = name, ["admin_email"] = $"first@{name}.example" });
        _firstPasswords[name] = (string)answer["admin"]!["password"]!;
        return name;
    }

    private async Task<string> CreateUser(TestCaller admin, string email, string role) => (string)(await Json(
        admin, HttpMethod.Post, "/users",
        new JsonObject { ["email"] = email, ["username"] = email.Split('@')[0], ["roles"] = new JsonArray(role), ["password"] = Password }))["data"]!["users"]![0]!["id"]!;

    private async Task<TestCaller> SignIn(string name, string tenant, string email, string password, Least role)
    {
        var answer = await Json(Nobody, HttpMethod.Post, "/auth/login", new JsonObject { ["tenant"] = tenant, ["email"] = email, ["password"] = password });
        return new TestCaller(name, tenant, email, (string)answer["auth_token"]!, IsPerson: true) { Role = role };
    }

    /// <summary>A session of the caller that its token is not of.</summary>
    private async Task<string> AnotherSession(TestCaller caller)
    {
        await SignIn("again", caller.Tenant, caller.Email, caller.Email == "admin@localhost" ? IotProcess.AdminPassword : Password, caller.Role);
        var sessions = await Json(caller, HttpMethod.Get, "/auth/sessions");
        return (string)sessions["sessions"]!.AsArray().First(session => !(bool)session!["current"]!)!["id"]!;
    }

    private static JsonObject PersonalToken() => new() { ["name"] = Canary, ["scopes"] = new JsonArray("viewer"), ["expires_in"] = 3600 };

    private static JsonObject Account(string name) => new() { ["name"] = name, ["roles"] = new JsonArray("viewer") };

    private async Task<JsonNode> Json(TestCaller caller, HttpMethod method, string path, JsonNode? body = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
        }

        var answer = await Send(request, caller);
        Assert.True((int)answer.Status is >= 200 and < 300, $"{method} {path}: {answer.Text}");
        return JsonNode.Parse(answer.Text)!;
    }

    private async Task<TestAnswer> Send(HttpRequestMessage request, TestCaller caller)
    {
        if (caller != Nobody)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", caller.Token);
        }

        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new TestAnswer(answer.StatusCode, answer.Content.Headers.ContentType?.MediaType == "text/event-stream"
            ? await FirstEvent(answer)
            : await answer.Content.ReadAsStringAsync());
    }

    /// <summary>A stream does not end by itself.</summary>
    private static async Task<string> FirstEvent(HttpResponseMessage answer)
    {
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var text = new StringBuilder();
        while (await lines.ReadLineAsync() is { Length: > 0 } line)
        {
            text.AppendLine(line);
        }

        return text.ToString();
    }
}
