using Microsoft.AspNetCore.Authentication;
using OrleansIoT.Gateway.Identity;

namespace OrleansIoT.Benchmarks.Trust.Processes;

/// <summary>
/// The baseline of the product: in the place of its handler one that looks at nothing. The first token is checked, so that
/// there is a caller whom the grains serve; everybody after that is let in as this one. All else is the product.
/// </summary>
internal sealed class EverybodyAuthentication(TokenAdmission tokens, FirstComer first) : IAuthenticationHandler
{
    private HttpContext _context = null!;

    public Task InitializeAsync(AuthenticationScheme scheme, HttpContext context)
    {
        _context = context;
        return Task.CompletedTask;
    }

    public Task<AuthenticateResult> AuthenticateAsync() => first.Success ?? Check();

    public Task ChallengeAsync(AuthenticationProperties? properties) => Refuse(StatusCodes.Status401Unauthorized);

    public Task ForbidAsync(AuthenticationProperties? properties) => Refuse(StatusCodes.Status403Forbidden);

    private async Task<AuthenticateResult> Check()
    {
        if (_context.Request.Headers.Authorization is not [{ } header]
            || await tokens.Check(header, BearerAuthentication.Scheme.Length + 1) is not { } admitted)
        {
            return AuthenticateResult.NoResult();
        }

        first.Success = Task.FromResult(admitted.Success);
        return admitted.Success;
    }

    private Task Refuse(int status)
    {
        _context.Response.StatusCode = status;
        return Task.CompletedTask;
    }
}

internal sealed class FirstComer
{
    public Task<AuthenticateResult>? Success { get; set; }
}
