using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Npgsql;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Grains.Identity;
using OrleansIoT.Silo.Trust;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>
/// Compares what this process goes by with what the cluster does, before anything of it starts, and says every ten seconds
/// that it is still here: a key that was added meanwhile is part of it.
/// </summary>
internal sealed partial class AgreementUpkeep(
    Agreement agreement, TrustOptions trust, IServiceProvider services, TimeProvider clock, ILogger<AgreementUpkeep> logger)
    : BackgroundService, IHostedLifecycleService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        for (var began = clock.GetTimestamp(); ;)
        {
            try
            {
                await agreement.Join(Terms(), cancellationToken);
                return;
            }
            catch (NpgsqlException e) when (e.IsTransient && clock.GetElapsedTime(began) < Membership.Patience)
            {
                await Task.Delay(Membership.Pause, clock, cancellationToken);
            }
            catch (NpgsqlException e)
            {
                throw new CannotStartException($"What the cluster goes by cannot be read in PostgreSQL: {e.Message}");
            }
        }
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await agreement.Leave(cancellationToken);
        }
        catch (Exception e)
        {
            LogFailed(logger, e.Message); // it counts for half a minute more
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await agreement.Renew(Terms(), stoppingToken);
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    LogFailed(logger, e.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private List<Term> Terms()
    {
        var terms = new List<Term> { new("Trust:Mode", [trust.Parsed!.Value.ToString()]) };
        if (services.GetService<ClusterKeys>() is { } keys)
        {
            terms.Add(new("the key of Trust:KeyFile", keys.Fingerprints));
        }

        if (trust.Ca is { } ca)
        {
            using var certificate = X509CertificateLoader.LoadCertificateFromFile(ca);
            terms.Add(new("the certificate of Trust:Ca", [certificate.GetCertHashString(HashAlgorithmName.SHA256)[..16]]));
        }

        if (services.KeysOfTokens() is { Count: > 0 } tokens)
        {
            terms.Add(new("the key of tokens, which gateways share with Gateway:DataDirectory,", tokens));
        }

        return terms;
    }

    [LoggerMessage(LogLevel.Warning, "What this process goes by cannot be said to the cluster: {Why}")]
    private static partial void LogFailed(ILogger logger, string why);
}

internal static class AgreementSetup
{
    public static IServiceCollection AddAgreement(this IServiceCollection services, string postgres) => services
        .AddSingleton(provider => new Agreement(
            Membership.Connection(postgres),
            provider.GetRequiredService<IConfiguration>().GetSection(ClusterOptions.Section).Get<ClusterOptions>()?.Id ?? new ClusterOptions().Id,
            Guid.NewGuid().ToString("N"),
            provider.GetRequiredService<SiloOptions>().Roles))
        .AddHostedService<AgreementUpkeep>();
}
