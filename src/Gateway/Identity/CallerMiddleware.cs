using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>From the principal that the token proved to the <see cref="Caller"/> that every grain sees.</summary>
internal sealed class CallerMiddleware(RequestDelegate next, IOptions<GatewayOptions> options)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.User.Identity is { IsAuthenticated: true })
        {
            CallerOf(context.User).Enter();
        }

        await next(context);
    }

    /// <summary><see cref="TokenForm"/> has seen that the claims are there and of their types.</summary>
    private Caller CallerOf(ClaimsPrincipal user)
    {
        var expires = long.Parse(Claim(user, JwtRegisteredClaimNames.Exp), CultureInfo.InvariantCulture);
        return new Caller(
            Claim(user, AccessTokens.TenantClaim),
            Claim(user, JwtRegisteredClaimNames.Sub),
            CallerKind.User,
            user.FindAll(AccessTokens.RolesClaim).Aggregate(Roles.None, (roles, claim) => roles | RoleNames.Parse(claim.Value)),
            Claim(user, JwtRegisteredClaimNames.Jti),
            DateTimeOffset.FromUnixTimeSeconds(expires) + options.Value.ClockSkew); // or a grain would refuse what we let in
    }

    private static string Claim(ClaimsPrincipal user, string name) =>
        user.FindFirstValue(name) ?? throw new InvalidOperationException($"A validated token lacks {name}.");
}
