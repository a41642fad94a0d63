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
            CallerOf(context.User, options.Value.ClockSkew).Enter();
        }

        await next(context);
    }

    /// <summary><see cref="TokenForm"/> has seen that the claims are there and of their types.</summary>
    /// <param name="user">What a validated token proves.</param>
    /// <param name="skew">How long after its end a token is still let in; or a grain would refuse what we let in.</param>
    /// <param name="isDevice">Whether it is a device's token, which has no roles.</param>
    public static Caller CallerOf(ClaimsPrincipal user, TimeSpan skew, bool isDevice = false)
    {
        var expires = long.Parse(Claim(user, JwtRegisteredClaimNames.Exp), CultureInfo.InvariantCulture);
        var subject = Claim(user, JwtRegisteredClaimNames.Sub);
        return new Caller(
            Claim(user, AccessTokens.TenantClaim),
            subject,
            isDevice ? CallerKind.Device
                : user.FindFirstValue(AccessTokens.ClientClaim) == subject ? CallerKind.Service
                : CallerKind.User,
            user.FindAll(AccessTokens.RolesClaim).Aggregate(Roles.None, (roles, claim) => roles | RoleNames.Parse(claim.Value)),
            Claim(user, JwtRegisteredClaimNames.Jti),
            DateTimeOffset.FromUnixTimeSeconds(expires) + skew,
            user.FindFirstValue(AccessTokens.SessionClaim));
    }

    public static string Claim(ClaimsPrincipal user, string name) =>
        user.FindFirstValue(name) ?? throw new InvalidOperationException($"A validated token lacks {name}.");
}
