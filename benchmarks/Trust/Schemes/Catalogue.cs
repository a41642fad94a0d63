using OrleansIoT.Benchmarks.Trust.Hops;
using OrleansIoT.Benchmarks.Trust.Tokens;
using OrleansIoT.Gateway.Identity;

namespace OrleansIoT.Benchmarks.Trust.Schemes;

/// <summary>All schemes, by their names.</summary>
internal static class Catalogue
{
    public const string None = "none";
    public const string JwtSts = "jwt+sts";
    public const string JwtEach = "jwt each";
    public const string MutualTlsJwt = "mtls+jwt";
    public const string Network = "network";
    public const string Hmac = "hmac";
    public const string MutualTls = "mutualtls";
    public const string MutualTlsHmac = "mutualtls+hmac";

    public static readonly string[] Names = [None, JwtSts, JwtEach, MutualTlsJwt, Network, Hmac, MutualTls, MutualTlsHmac];

    /// <summary>Those whose gateway is the product's.</summary>
    public static readonly string[] Ours = [Network, Hmac, MutualTls, MutualTlsHmac];

    /// <param name="hop">Whose schemes they are.</param>
    /// <param name="product">What the product's gateway is made of; there in the first hop only.</param>
    public static IReadOnlyList<Scheme> Of(Hop.Settings hop, IServiceProvider? product)
    {
        var jwt = new StrictJwt(RunKeys.Verifying(hop.Folder));
        var sealer = new Sealer(RunKeys.ClusterKeysIn(hop.Folder));
        var admission = product?.GetRequiredService<TokenAdmission>();
        return
        [
            new Unchecked(None),
            new ExchangedJwt(JwtSts, jwt, hop.Sts),
            new PassedJwt(JwtEach, jwt),
            new PassedJwt(MutualTlsJwt, jwt, isMutualTls: true),
            Ourselves(Network, null, isMutualTls: false),
            Ourselves(Hmac, sealer, isMutualTls: false),
            Ourselves(MutualTls, null, isMutualTls: true),
            Ourselves(MutualTlsHmac, sealer, isMutualTls: true),
        ];

        Scheme Ourselves(string name, Sealer? keys, bool isMutualTls) => admission is null
            ? new PassedCaller(name, keys, isMutualTls)
            : new AdmittedCaller(name, admission, keys, isMutualTls);
    }
}
