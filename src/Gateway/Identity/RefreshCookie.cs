using Microsoft.AspNetCore.Http;
using OrleansIoT.Failures;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// The refresh token of a browser, where no script can read it. It is taken from pages of this origin only: browsers say so
/// in Sec-Fetch-Site (Fetch Metadata), older ones in Origin, and who says neither is no browser and has no cookie.
/// </summary>
internal static class RefreshCookie
{
    /// <summary>The prefix makes browsers refuse it unless it is Secure, of this host alone and for all its paths (RFC 6265bis section 4.1.3.2).</summary>
    public const string Name = "__Host-orleans-iot-refresh";

    /// <exception cref="FailureException">Forbidden: another site's page asks.</exception>
    public static string? Read(HttpContext context)
    {
        if (context.Request.Cookies[Name] is not { Length: > 0 } token)
        {
            return null;
        }

        DemandSameOrigin(context);
        return token;
    }

    /// <exception cref="FailureException">Forbidden: another site's page asks.</exception>
    public static void Write(HttpContext context, string token, TimeSpan lifetime)
    {
        DemandSameOrigin(context);
        context.Response.Cookies.Append(Name, token, Options(lifetime));
    }

    /// <summary>Also when the answer is a refusal, which takes back what was set before.</summary>
    public static void Clear(HttpContext context)
    {
        if (context.Request.Cookies.ContainsKey(Name))
        {
            context.Response.OnStarting(static state =>
            {
                ((HttpContext)state).Response.Cookies.Append(Name, "", Options(TimeSpan.Zero));
                return Task.CompletedTask;
            }, context);
        }
    }

    private static CookieOptions Options(TimeSpan lifetime) => new()
    {
        HttpOnly = true,
        Secure = true,
        SameSite = SameSiteMode.Strict,
        Path = "/",
        MaxAge = lifetime,
        IsEssential = true,
    };

    private static void DemandSameOrigin(HttpContext context)
    {
        var request = context.Request;
        var isSame = request.Headers["Sec-Fetch-Site"] is { Count: > 0 } site
            ? site == "same-origin"
            : request.Headers.Origin == $"{request.Scheme}://{request.Host.ToUriComponent()}";
        if (!isSame)
        {
            throw new FailureException(Failure.Forbidden, "A session by cookie is for this site's own pages.");
        }
    }
}
