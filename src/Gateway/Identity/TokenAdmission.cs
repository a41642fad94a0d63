using Microsoft.Extensions.Logging;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// What a token lets in: at its first sight it is validated and its holder's grain asked whether its session lives; from
/// then on it is remembered. Several first sights at once are looked at several times, which harms nobody.
/// </summary>
internal sealed partial class TokenAdmission(
    JwtAuthentication tokens, TokenKeys keys, Admissions admissions, RememberedTokens remembered, GatewayMetrics metrics,
    ILogger<TokenAdmission> logger)
{
    /// <param name="text">What has the token, from <paramref name="start"/> to its end; a string of its own is only made at a first sight.</param>
    /// <param name="start">Where it begins.</param>
    /// <returns>Null: it is none, or not good now.</returns>
    public ValueTask<AdmittedToken?> Check(string text, int start = 0)
    {
        if (!TokenHash.TryOf(text.AsSpan(start), out var hash))
        {
            tokens.RefuseForm();
            return default;
        }

        if (remembered.Find(hash) is { } known)
        {
            metrics.TokenRemembered();
            return new(known);
        }

        return new(Look(text[start..], hash));
    }

    private async Task<AdmittedToken?> Look(string token, TokenHash hash)
    {
        metrics.TokenValidated();
        var withdrawals = keys.Withdrawals;
        var proved = OpaqueToken.TryParse(OpaqueToken.PersonalPrefix, token, out var personal)
            ? ProvedToken.OfPerson(personal)
            : await tokens.Validate(token);
        if (proved is null)
        {
            return null;
        }

        var moment = remembered.Before(proved.Caller, withdrawals);
        if (await AskHolder(proved, token) is not { } caller)
        {
            LogOver(proved.Caller.Tenant, proved.Caller.Subject);
            return null;
        }

        var admitted = new AdmittedToken(proved with { Caller = caller, EndsAt = proved.IsPersonal ? caller.ExpiresAt : proved.EndsAt }, moment);
        remembered.Add(hash, admitted);
        return admitted;
    }

    /// <summary>Whether what the token stands for lives still, of those who know.</summary>
    /// <returns>The caller with its rights as they are now, or null.</returns>
    public async Task<Caller?> AskHolder(ProvedToken proved, string token) =>
        proved.IsPersonal ? (await admissions.AdmitOpaque(token))?.Caller
        : proved.IsExternal ? await admissions.AdmitExternal(proved.Caller)
        : proved.DeviceCredential is not null ? proved.Caller // its grain decides, when it connects
        : await admissions.Admit(proved.Caller);
}
