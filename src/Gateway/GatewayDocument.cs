using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using OrleansIoT.Gateway.Failures;

namespace OrleansIoT.Gateway;

/// <summary>The OpenAPI document, made out of the routes and what they say about themselves. Readable without signing in.</summary>
internal static class GatewayDocument
{
    private const string Name = "v1";
    private const string Address = $"/openapi/{Name}.json";
    private const string Bearer = "bearer";

    private static readonly Dictionary<string, string> Parameters = new()
    {
        ["topic"] = "The topic with its slashes, as devices/meter-7/temperature.",
        ["start"] = "The first instant of the range, RFC 3339 with an offset, as 2026-03-01T00:00:00Z.",
        ["end"] = "The first instant that is no longer part of the range, RFC 3339 with an offset.",
        ["limit"] = "The most items of the page.",
        ["cursor"] = "The 'next' of the page before.",
        ["prefix"] = "The beginning of the topics' names, as devices/meter-7/; all topics when left out.",
        ["order"] = "asc, the oldest or least first, or desc, the newest or greatest first; asc when left out, but of the audit desc.",
        ["actor"] = "The id of who did it, or the email that was typed to sign in.",
        ["action"] = "The name of the operation, as RegisterDevice; or MqttConnect.",
        ["thing"] = "What it was done to: a type, an id, or both, as device/meter-7.",
        ["result"] = "ok, refused or failed.",
        ["asOf"] = "Only what had arrived by this instant, itself included; RFC 3339 with an offset ('+' is written %2B).",
        ["every"] = "Asks for buckets of this length: a number and s, m, h, d, w, mo or y, as 15m, 1h, 1d, 1w or 1mo.",
        ["fn"] = "What to say of a bucket: some of avg, min, max, sum, count, first, last, with commas between them; avg,min,max,count when left out.",
        ["tz"] = "The time zone by whose clock and calendar buckets begin, an IANA name, as Europe/Lisbon; UTC when left out. Of a CSV file of readings: the clock by which its times are written, as spreadsheets take them.",
        ["field"] = "Where the payloads have their number: names with dots between them, as a.b; the payload itself or its member 'value' when left out. Of a CSV file of readings: what its column 'number' has.",
        ["points"] = "Asks for the points of a chart of so many columns, 1 to 10000.",
        ["topics"] = "A topic; there is one of these for each, up to 50.",
        ["after"] = "The cursor behind which the stream begins: a number for each topic, with commas between them. Last-Event-ID goes before it.",
        ["state"] = "connected, away (it was here before) or never (it has neither connected nor published); all when left out.",
        ["sort"] = "id, name, last_seen, readings or refusals; id when left out.",
        ["search"] = "Part of the id or the name, at most 200 characters.",
        ["id"] = "The id.",
        ["name"] = "The name.",
    };

    public static IServiceCollection AddGatewayDocument(this IServiceCollection services) =>
        services
            .AddSingleton<Text>()
            .AddOpenApi(Name, openApi => openApi
                .AddDocumentTransformer(DescribeDocument)
                .AddOperationTransformer(DescribeOperation));

    /// <summary>The document, and at the root where to find it.</summary>
    public static void MapGatewayDocument(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Address, async (Text text) => TypedResults.Text(await text.Json, "application/json"))
            .AllowAnonymous()
            .ExcludeFromDescription();
        routes.MapGet("/", (IOptions<GatewayOptions> options) => new StartAnswer(
                "OrleansIoT", $"{options.Value.PathBase}/app/", options.Value.PathBase + Address, [$"{options.Value.PathBase}/health/live", $"{options.Value.PathBase}/health/ready"]))
            .AllowAnonymous()
            .WithName("Start")
            .WithTags("Health")
            .WithSummary("Says where to go from here")
            .WithDescription("A browser, whose Accept names text/html, is sent on to the dashboard.")
            .ExampleAnswer("""{"name": "OrleansIoT", "dashboard": "/app/", "openapi": "/openapi/v1.json", "health": ["/health/live", "/health/ready"]}""");
    }

    /// <summary>An example of the route's body, as JSON.</summary>
    public static RouteHandlerBuilder ExampleBody(this RouteHandlerBuilder route, string json) =>
        route.WithMetadata(new BodyExample(json));

    /// <summary>An example of what the route answers when all is well, as JSON.</summary>
    public static RouteHandlerBuilder ExampleAnswer(this RouteHandlerBuilder route, string json) =>
        route.WithMetadata(new AnswerExample(json));

    /// <summary>Another form that the JSON of a good answer may have.</summary>
    public static RouteHandlerBuilder AlsoAnswers<T>(this RouteHandlerBuilder route) =>
        route.WithMetadata(new OtherJson(typeof(T)));

    /// <summary>Media types, besides JSON, that a good answer may have.</summary>
    public static RouteHandlerBuilder AlsoAnswers(this RouteHandlerBuilder route, params string[] mediaTypes) =>
        route.WithMetadata(new OtherMedia(mediaTypes));

    /// <summary>The statuses of the problems that a route may answer.</summary>
    public static TBuilder Fails<TBuilder>(this TBuilder routes, params ReadOnlySpan<int> statuses)
        where TBuilder : IEndpointConventionBuilder
    {
        foreach (var status in statuses)
        {
            routes.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(Problem), [Problem.MediaType]));
        }

        return routes;
    }

    private static Task DescribeDocument(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellation)
    {
        document.Info = new OpenApiInfo
        {
            Title = "OrleansIoT",
            Version = "v1",
            Description = "Devices, their telemetry, and the people who look at it. Errors are problems as RFC 9457 describes them; "
                + "times are RFC 3339 in UTC. Sign in with POST /auth/login and send the token as 'Authorization: Bearer …'.",
        };
        var path = context.ApplicationServices.GetRequiredService<IOptions<GatewayOptions>>().Value.PathBase;
        document.Servers = path.Length > 0 ? [new OpenApiServer { Url = path }] : []; // else where it was read from
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = Bearer,
                BearerFormat = "JWT",
                Description = "The auth_token of POST /auth/login.",
            },
        };
        LeaveRoomInAnswers(document);
        return Task.CompletedTask;
    }

    /// <summary>We refuse fields that we do not know; a client should not, so that an answer may get more of them one day.</summary>
    private static void LeaveRoomInAnswers(OpenApiDocument document)
    {
        var bodies = document.Paths.Values
            .SelectMany(path => path.Operations?.Values ?? Enumerable.Empty<OpenApiOperation>())
            .SelectMany(operation => operation.RequestBody?.Content?.Values ?? Enumerable.Empty<OpenApiMediaType>())
            .SelectMany(media => media.Schema?.OneOf is { Count: > 0 } choices ? (IEnumerable<IOpenApiSchema?>)choices : [media.Schema]) // null, where it may be left out
            .Select(schema => (schema as OpenApiSchemaReference)?.Reference.Id)
            .ToHashSet();
        foreach (var (name, schema) in document.Components?.Schemas ?? new Dictionary<string, IOpenApiSchema>())
        {
            if (schema is OpenApiSchema answer && !bodies.Contains(name))
            {
                answer.AdditionalPropertiesAllowed = true;
            }
        }
    }

    private static async Task DescribeOperation(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var route = context.Description.ActionDescriptor.EndpointMetadata;
        if (!route.OfType<IAllowAnonymous>().Any())
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] }];
        }

        if (route.OfType<BodyExample>().SingleOrDefault() is { } body)
        {
            SetExample(operation.RequestBody?.Content, body.Json);
        }

        if (route.OfType<AnswerExample>().SingleOrDefault() is { } answer)
        {
            SetExample(operation.Responses?.First(response => response.Key[0] == '2').Value.Content, answer.Json);
        }

        DescribeParameters(operation, context.Description.RelativePath ?? "", route.OfType<PageSize>().SingleOrDefault());
        await DescribeOtherAnswers(operation, context, cancellation);
    }

    private static async Task DescribeOtherAnswers(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var route = context.Description.ActionDescriptor.EndpointMetadata;
        var content = operation.Responses?.First(response => response.Key[0] == '2').Value.Content;
        var forms = route.OfType<OtherJson>().ToList();
        if (forms.Count > 0 && content?["application/json"] is { Schema: { } schema } json)
        {
            var choices = new List<IOpenApiSchema> { schema };
            foreach (var form in forms)
            {
                context.Document!.AddComponent(form.Type.Name, await context.GetOrCreateSchemaAsync(form.Type, null, cancellation));
                choices.Add(new OpenApiSchemaReference(form.Type.Name, context.Document));
            }

            json.Schema = new OpenApiSchema { AnyOf = choices };
        }

        foreach (var media in route.OfType<OtherMedia>().SelectMany(other => other.Types))
        {
            content?[media] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
        }
    }

    private static void DescribeParameters(OpenApiOperation operation, string path, PageSize? page)
    {
        operation.Parameters ??= [];
        foreach (var name in Parameters.Keys.Where(name => path.Contains($"{{{name}}}", StringComparison.Ordinal)
                     && operation.Parameters.All(parameter => parameter.Name != name)))
        {
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = name,
                In = ParameterLocation.Path,
                Required = true,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }

        foreach (var parameter in operation.Parameters.OfType<OpenApiParameter>())
        {
            parameter.Description = Parameters.GetValueOrDefault(parameter.Name ?? "");
            if (parameter.Name == "limit" && page is not null)
            {
                parameter.Schema = new OpenApiSchema
                {
                    Type = JsonSchemaType.Integer,
                    Minimum = "1",
                    Maximum = page.Max.ToString(CultureInfo.InvariantCulture),
                    Default = page.Default,
                };
            }
        }
    }

    private static void SetExample(IDictionary<string, OpenApiMediaType>? content, string json)
    {
        foreach (var media in content?.Values ?? [])
        {
            media.Example = JsonNode.Parse(json);
        }
    }

    /// <summary>Made once, when it is first asked for: it is the same for everybody, and everybody may ask for it.</summary>
    private sealed class Text([FromKeyedServices(Name)] IOpenApiDocumentProvider documents)
    {
        private readonly Lazy<Task<byte[]>> _json = new(() => Make(documents));

        public Task<byte[]> Json => _json.Value;

        private static async Task<byte[]> Make(IOpenApiDocumentProvider documents)
        {
            using var json = new MemoryStream();
            await (await documents.GetOpenApiDocumentAsync()).SerializeAsJsonAsync(json, OpenApiSpecVersion.OpenApi3_1);
            return json.ToArray();
        }
    }

    private sealed record BodyExample(string Json);

    private sealed record AnswerExample(string Json);

    private sealed record OtherJson(Type Type);

    private sealed record OtherMedia(string[] Types);
}

/// <param name="Openapi">Where this API describes itself.</param>
/// <param name="Health">Where it says how it is.</param>
internal sealed record StartAnswer(string Name, string Dashboard, string Openapi, IReadOnlyList<string> Health);
