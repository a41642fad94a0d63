using System.Globalization;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// The token of a request: the header alone carries one, and once (RFC 6750 section 2); one in the query string is never read.
/// Every reason for a refusal of a token has the same answer.
/// </summary>
internal sealed class BearerAuthentication(TokenAdmission tokens, IOptions<GatewayOptions> gateway) : IAuthenticationHandler
{
    public const string Scheme = "Bearer";

    private const string Prefix = Scheme + " ";

    private static readonly AuthenticateResult Nobody = AuthenticateResult.NoResult();
    private static readonly AuthenticateResult Refused = AuthenticateResult.Fail("The token is none of ours, or not good now.");
    private static readonly AuthenticateResult Several = AuthenticateResult.Fail("There are several credentials.");

    private string Minutes => gateway.Value.AccessTokenLifetime.TotalMinutes switch
    {
        1 => "a minute",
        var minutes => string.Create(CultureInfo.InvariantCulture, $"{minutes:0.#} minutes"),
    };

    private HttpContext _context = null!;
    private AuthenticateResult _result = Nobody;

    public Task InitializeAsync(AuthenticationScheme scheme, HttpContext context)
    {
        _context = context;
        return Task.CompletedTask;
    }

    public async Task<AuthenticateResult> AuthenticateAsync()
    {
        var headers = _context.Request.Headers.Authorization;
        if (headers.Count > 1 || (headers.Count == 1 && _context.Request.Query.ContainsKey("access_token")))
        {
            _result = Several;
        }
        else if (headers is [{ } header] && header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            // A device's token is a password for MQTT, and no access token.
            _result = await tokens.Check(header, Prefix.Length) is { Caller.Kind: not CallerKind.Device } token ? token.Success : Refused;
        }

        return _result;
    }

    /// <summary>RFC 6750 section 3.1; without a token there is no error to name.</summary>
    public Task ChallengeAsync(AuthenticationProperties? properties)
    {
        _context.Response.Headers.WWWAuthenticate =
            ReferenceEquals(_result, Nobody) ? "Bearer"
            : ReferenceEquals(_result, Several) ? "Bearer error=\"invalid_request\""
            : "Bearer error=\"invalid_token\"";
        return ReferenceEquals(_result, Several)
            ? FailureHandler.Write(_context, Failure.Invalid, "A request has one credential, in one Authorization header.")
            : FailureHandler.Write(_context, Failure.NotSignedIn, ReferenceEquals(_result, Refused)
                ? $"The token is none of ours, or its time is over: one of POST /auth/login is good for {Minutes}. Sign in again."
                : "Sign in with POST /auth/login and send the token in the header 'Authorization: Bearer {auth_token}'.");
    }

    public Task ForbidAsync(AuthenticationProperties? properties) =>
        FailureHandler.Write(_context, Failure.Forbidden, "That is not yours to do.");
}
