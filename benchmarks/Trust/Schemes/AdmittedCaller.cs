using OrleansIoT.Gateway.Identity;

namespace OrleansIoT.Benchmarks.Trust.Schemes;

/// <summary>The gateway of ours: the product looks at the token once and remembers it, and a caller goes on in its place.</summary>
internal sealed class AdmittedCaller(string name, TokenAdmission tokens, Sealer? sealer, bool isMutualTls) : Scheme(name, isMutualTls)
{
    public override async ValueTask<Credential?> Receive(IHeaderDictionary headers) =>
        headers.Authorization is [{ } header] && header.StartsWith(Bearer, StringComparison.Ordinal)
        && await tokens.Check(header, Bearer.Length) is { } admitted
            ? new Credential(CallerText.Header, null, admitted.Caller)
            : null;

    public override ValueTask<Credential> ForNext(Credential received)
    {
        var caller = (Identity.Caller)received.Content!;
        return new(received with { Value = CallerText.Write(caller, sealer?.EnvelopeOf(caller)) });
    }
}
