using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansIoT.Gateway.Transports;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway;

internal static class GatewayOptionsSetup
{
    /// <summary>Out of the configuration's section <c>Gateway</c> and then <paramref name="configure"/>, and checked at the start.</summary>
    public static void AddGatewayOptions(this IServiceCollection services, Action<GatewayOptions>? configure)
    {
        services.AddOptions<GatewayOptions>()
            .BindConfiguration("Gateway", binder => binder.ErrorOnUnknownConfiguration = true)
            .Configure(options => configure?.Invoke(options))
            .PostConfigure(options => options.Issuer =
                options.Issuer == GatewayOptions.DefaultIssuer ? options.PublicUrl ?? options.Issuer : options.Issuer)
            .Validate(options => options.Tenant.Length > 0 && !options.Tenant.Contains('/', StringComparison.Ordinal),
                "Gateway:Tenant is a name without slashes.")
            .Validate(options => options.Issuer.Length > 0 && options.Audience.Length > 0,
                "Gateway:Issuer and Gateway:Audience are not empty.")
            .Validate(options => options.PublicUrl is null || IsPublicUrl(options.PublicUrl),
                "Gateway:PublicUrl is an https URL without a slash at its end, as https://iot.example.org; http only on this machine.")
            .Validate(options => options.PublicUrl is null || options.Issuer == options.PublicUrl,
                "Gateway:Issuer is left out, or is Gateway:PublicUrl: clients compare the two (OpenID Connect Discovery 1.0 section 4.3).")
            .Validate(options => options.PathBase.Length == 0 || IsPathBase(options.PathBase),
                "Gateway:PathBase is empty, or begins with a slash and has letters, digits, '-', '_', '.', '~' and slashes, the last of them not at its end.")
            .Validate(options => options.RememberedTokens is >= 0 and <= 1_000_000, "Gateway:RememberedTokens is 0 to 1000000.")
            .Validate(options => Enum.IsDefined(options.TokenEncryption), "Gateway:TokenEncryption is Refuse, Accept or Issue.")
            .Validate(options => options.AccessTokenLifetime >= TimeSpan.FromMinutes(1)
                                 && options.AccessTokenLifetime <= TimeSpan.FromHours(1),
                "Gateway:AccessTokenLifetime is 1 minute to 1 hour.")
            .Validate(options => options.RefreshTokenLifetime >= options.AccessTokenLifetime
                                 && options.RefreshTokenLifetime <= TimeSpan.FromDays(366),
                "Gateway:RefreshTokenLifetime is AccessTokenLifetime to 366 days, written d.hh:mm:ss.")
            .Validate(options => options.ClockSkew >= TimeSpan.Zero && options.ClockSkew <= TimeSpan.FromSeconds(30),
                "Gateway:ClockSkew is 0 to 30 seconds.")
            .Validate(options => options.RegistrationRole is Roles.None or Roles.Viewer,
                "Gateway:RegistrationRole is None or Viewer; only administrators give more.")
            .Validate(options => options.MaxRequestBodyBytes > 0 && options.MaxConnections > 0 && options.MinDataRate > 0
                                 && options.RequestHeadersTimeout > TimeSpan.Zero
                                 && options.RequestHeadersTimeout <= TimeSpan.FromHours(1),
                "Gateway's limits are greater than zero, and RequestHeadersTimeout is at most 1 hour, written hh:mm:ss.")
            .Validate(options => options.TlsCertificate is null == options.TlsKey is null,
                "Gateway:TlsCertificate and Gateway:TlsKey go together.")
            .Validate(options => options.TlsHandshakeTimeout > TimeSpan.Zero && options.TlsHandshakeTimeout <= TimeSpan.FromHours(1),
                "Gateway:TlsHandshakeTimeout is more than zero and at most 1 hour, written hh:mm:ss.")
            .Validate(options => options.TrustedProxies.All(TrustedProxies.IsValid),
                "Gateway:TrustedProxies are IP addresses, or networks as 10.0.0.0/8.")
            .Validate(options => options.RequestRate >= 0 && options.RequestBurst >= Math.Max(1, options.RequestRate),
                "Gateway:RequestRate is 0 for no limit, or more, and Gateway:RequestBurst at least as much.")
            .Validate(options => options.MaxStreams > 0 && options.MaxStreamsPerCaller > 0 && options.StreamBufferBytes > 0,
                "Gateway:MaxStreams, Gateway:MaxStreamsPerCaller and Gateway:StreamBufferBytes are greater than zero.")
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<GatewayOptions>, ExternalIssuerRules>();
    }

    private static bool IsPublicUrl(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && !url.EndsWith('/') && uri.Query.Length + uri.Fragment.Length + uri.UserInfo.Length == 0
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));

    private static bool IsPathBase(string path) =>
        path[0] == '/' && path[^1] != '/' && !path.Contains("//", StringComparison.Ordinal)
        && path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' or '~');
}
