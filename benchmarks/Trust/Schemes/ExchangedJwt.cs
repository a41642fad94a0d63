using System.Text.Json;
using OrleansIoT.Benchmarks.Trust.Hops;
using OrleansIoT.Benchmarks.Trust.Tokens;

namespace OrleansIoT.Benchmarks.Trust.Schemes;

/// <summary>Each hop validates the token, and gets another one for the next hop from a security token service.</summary>
internal sealed class ExchangedJwt(string name, StrictJwt tokens, int sts) : Scheme(name)
{
    private static readonly Uri Exchange = new("http://sts/exchange");

    private readonly HttpMessageInvoker _sts = HopClient.To(sts, null);

    public override async ValueTask<Credential?> Receive(IHeaderDictionary headers) =>
        TokenOf(headers) is { } token && await tokens.Validate(token) is not null ? new Credential("Authorization", token) : null;

    public override async ValueTask<Credential> ForNext(Credential received)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Exchange)
        {
            Content = new FormUrlEncodedContent(
            [
                new("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                new("subject_token", received.Value),
                new("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ]),
        };
        using var response = await _sts.SendAsync(request, CancellationToken.None);
        response.EnsureSuccessStatusCode();
        using var json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        return new Credential("Authorization", Bearer + json.RootElement.GetProperty("access_token").GetString());
    }
}
