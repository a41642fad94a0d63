using OrleansIoT.Grains;

namespace OrleansIoT.Silo.Trust;

public static class TrustSetup
{
    /// <summary>How the processes of this cluster believe each other, as the section <c>Trust</c> says.</summary>
    /// <exception cref="UsageException">It says something senseless; the message says what would be right.</exception>
    public static TrustOptions AddTrust(this WebApplicationBuilder builder)
    {
        var options = builder.Configuration.GetSection(TrustOptions.Section)
            .Get<TrustOptions>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new TrustOptions();
        Check(options);
        builder.Services.AddSingleton(options);
        if (options.Parsed!.Value.HasFlag(TrustMode.Hmac))
        {
            builder.Services.AddClusterKeys(options.KeyFile!);
        }

        return options;
    }

    /// <summary>Nothing that is asked for may be left out silently, and nothing that is given may be without effect.</summary>
    internal static void Check(TrustOptions options)
    {
        var mode = options.Parsed ?? throw new UsageException(
            $"Trust:Mode '{options.Mode}' is no mode; they are Network, Hmac, MutualTls and MutualTls+Hmac.");
        var files = new[] { options.Certificate, options.CertificateKey, options.Ca, options.Crl };
        var complaint = mode switch
        {
            _ when mode.HasFlag(TrustMode.Hmac) && string.IsNullOrWhiteSpace(options.KeyFile) => new UsageException(
                $"Trust:Mode {options.Mode} needs Trust:KeyFile, the keys that the whole cluster has; --rotate-cluster-key FILE makes it."),
            _ when !mode.HasFlag(TrustMode.Hmac) && options.KeyFile is not null => new UsageException(
                $"Trust:KeyFile is for Trust:Mode Hmac, and with {options.Mode} nothing would be sealed."),
            _ when mode.HasFlag(TrustMode.MutualTls) && Array.Exists(files, string.IsNullOrWhiteSpace) => new UsageException(
                $"Trust:Mode {options.Mode} needs Trust:Certificate, Trust:CertificateKey, Trust:Ca and Trust:Crl; --pki makes them."),
            _ when !mode.HasFlag(TrustMode.MutualTls) && Array.Exists(files, file => file is not null) => new UsageException(
                $"Trust:Certificate, Trust:CertificateKey, Trust:Ca and Trust:Crl are for Trust:Mode MutualTls, and with {options.Mode} no peer would be asked for a certificate."),
            _ => null,
        };
        if (complaint is not null)
        {
            throw complaint;
        }
    }
}
