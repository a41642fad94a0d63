using OrleansIoT.Benchmarks.Trust.Tokens;

namespace OrleansIoT.Benchmarks.Trust.Schemes;

/// <summary>Each hop validates the token and passes it on as it is.</summary>
internal sealed class PassedJwt(string name, StrictJwt tokens, bool isMutualTls = false) : Scheme(name, isMutualTls)
{
    public override async ValueTask<Credential?> Receive(IHeaderDictionary headers) =>
        TokenOf(headers) is { } token && await tokens.Validate(token) is not null
            ? new Credential("Authorization", Bearer + token)
            : null;
}
