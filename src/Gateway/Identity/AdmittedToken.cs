using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>A token that was good when it was looked at, and what a request needs to go on from there.</summary>
internal sealed class AdmittedToken
{
    public AdmittedToken(ProvedToken proved, RememberedTokens.Moment moment)
    {
        (Proved, Moment) = (proved, moment);
        Principal = new CallerPrincipal(proved.Caller);
        Success = AuthenticateResult.Success(new AuthenticationTicket(Principal, BearerAuthentication.Scheme));
    }

    public ProvedToken Proved { get; }

    /// <summary>What was known of its holder when it was admitted.</summary>
    public RememberedTokens.Moment Moment { get; }

    public Caller Caller => Proved.Caller;

    public CallerPrincipal Principal { get; }

    /// <summary>The same for each request with this token; nobody changes it.</summary>
    public AuthenticateResult Success { get; }
}

/// <summary>The <see cref="OrleansIoT.Identity.Caller"/>, as ASP.NET Core carries somebody through a request.</summary>
internal sealed class CallerPrincipal(Caller caller) : ClaimsPrincipal(new ClaimsIdentity(BearerAuthentication.Scheme))
{
    /// <summary>What was known of its holder when it was admitted.</summary>
    public RememberedTokens.Moment Moment { get; }

    public Caller Caller => caller;
}
