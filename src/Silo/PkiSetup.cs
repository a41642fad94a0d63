using OrleansIoT.Certificates.Pki;

namespace OrleansIoT.Silo;

public static class PkiSetup
{
    /// <summary>Keeps the revocation list of the authority in <c>--pki-dir</c> fresh, if there is one.</summary>
    public static void AddPki(this IServiceCollection services, SiloOptions options)
    {
        if (options.PkiDir is { } directory)
        {
            services.AddSingleton(provider => new AuthorityUpkeep(
                CertificateAuthority.Open(directory, provider.GetRequiredService<TimeProvider>()),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<AuthorityUpkeep>>()));
        }
    }

    /// <exception cref="PkiException">There is no authority where one is said to be.</exception>
    public static void UsePki(this WebApplication app) => app.Services.GetService<AuthorityUpkeep>();
}
