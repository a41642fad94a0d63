using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace OrleansIoT.Gateway.Audit;

/// <summary>What a route may say of its entries in the audit. One that says nothing has its name and its address noted.</summary>
internal static class AuditRoutes
{
    /// <summary>Gives the entries another action than the route's name, or another type of thing than its address has.</summary>
    public static TBuilder AuditedAs<TBuilder>(this TBuilder routes, string? action = null, string? thing = null)
        where TBuilder : IEndpointConventionBuilder => routes.WithMetadata(new AuditedAs(action, thing));

    /// <summary>Which thing a body names, where the address does not; noted as it is, so only what is valid should be given.</summary>
    public static RouteHandlerBuilder AuditsThing<TBody>(this RouteHandlerBuilder route, Func<TBody, string?> id) =>
        route.WithBody<TBody>((context, body) => context.Audit().ThingId = id(body));

    /// <summary>As whom a body says that it signs in; noted if it has the form of an email.</summary>
    public static RouteHandlerBuilder AuditsSignIn<TBody>(this RouteHandlerBuilder route, Func<TBody, string?> email) =>
        route.WithBody<TBody>((context, body) => context.NoteName(email(body)));

    private static RouteHandlerBuilder WithBody<TBody>(this RouteHandlerBuilder route, Action<HttpContext, TBody> look) =>
        route.AddEndpointFilter((context, next) =>
        {
            foreach (var argument in context.Arguments)
            {
                if (argument is TBody body)
                {
                    look(context.HttpContext, body);
                }
            }

            return next(context);
        });
}

internal sealed record AuditedAs(string? Action, string? Thing);
