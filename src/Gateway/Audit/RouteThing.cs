using Microsoft.AspNetCore.Routing.Patterns;

namespace OrleansIoT.Gateway.Audit;

/// <summary>What kind of thing a route is about, by its address: <c>/devices/{id}/key</c> is about a device.</summary>
internal static class RouteThing
{
    /// <summary>The name of the last parameter; or, where that is <c>id</c>, what is before it, of which it is one.</summary>
    public static string TypeOf(RoutePattern pattern)
    {
        if (pattern.Parameters is [.., { Name: not "id" } parameter])
        {
            return parameter.Name;
        }

        var type = "";
        foreach (var part in pattern.PathSegments.SelectMany(segment => segment.Parts))
        {
            if (part is RoutePatternLiteralPart literal)
            {
                type = literal.Content;
            }
            else
            {
                break;
            }
        }

        return Singular(type);
    }

    public static string Singular(string plural) => plural is [.., 's'] ? plural[..^1] : plural;
}
