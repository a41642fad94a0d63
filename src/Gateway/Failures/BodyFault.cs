using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace OrleansIoT.Gateway.Failures;

/// <summary>
/// What is wrong with a JSON body and where, in terms of the route's fields. The reader's own messages are not passed
/// on: they name our types and quote the body, which may be a password.
/// </summary>
internal static class BodyFault
{
    private const int LongestPath = 100;

    public static string Describe(HttpContext context, JsonException fault)
    {
        var where = $"at line {fault.LineNumber + 1 ?? 1}, byte {fault.BytePositionInLine + 1 ?? 1}";
        var path = fault.Path is { Length: <= LongestPath } ? fault.Path : "$";
        var what = path switch
        {
            _ when fault.InnerException is JsonException => $"The body is not valid JSON, or is nested too deep, {where}.",
            "$" => $"The body is no object, or a field is missing, {where}.",
            _ when FieldsOf(context).All(field => path != $"$.{field.Name}" && !path.StartsWith($"$.{field.Name}[", StringComparison.Ordinal)) =>
                $"'{path[2..]}' is not a field of this request.",
            _ => $"'{path[2..]}' has a value of another type, or is there twice, {where}.",
        };
        return $"{what} {Expected(context)}";
    }

    /// <summary>Which fields the route's body has, as a sentence; null for a route without a body.</summary>
    public static string? Expected(HttpContext context)
    {
        var fields = FieldsOf(context);
        return fields.Count == 0
            ? null
            : $"It takes: {string.Join(", ", fields.Select(field => field.Required ? field.Name : field.Name + " (may be left out)"))}.";
    }

    private static List<(string Name, bool Required)> FieldsOf(HttpContext context)
    {
        // The exception handler has put the endpoint away, and keeps it in its feature.
        var endpoint = context.GetEndpoint()
            ?? context.Features.Get<Microsoft.AspNetCore.Diagnostics.IExceptionHandlerFeature>()?.Endpoint;
        var body = endpoint?.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType;
        var json = context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        return body is null ? [] : [.. json.GetTypeInfo(body).Properties.Select(field => (field.Name, field.IsRequired))];
    }
}
