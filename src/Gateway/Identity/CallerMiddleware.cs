using Microsoft.AspNetCore.Http;

namespace OrleansIoT.Gateway.Identity;

/// <summary>From the principal that the token proved to the <see cref="OrleansIoT.Identity.Caller"/> that every grain sees.</summary>
internal sealed class CallerMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.User is CallerPrincipal principal)
        {
            return Enter(context, principal);
        }

        return next(context);
    }

    /// <summary>What is entered lasts until this method ends.</summary>
    private async Task Enter(HttpContext context, CallerPrincipal principal)
    {
        principal.Caller.Enter();
        await next(context);
    }
}
