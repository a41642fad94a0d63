using System.Buffers.Text;
using System.Security.Cryptography;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Silo;

/// <summary>
/// Creates the administrator when there is none yet. Only once everything listens: a start that fails must not use up the
/// password that is shown once.
/// </summary>
public sealed partial class FirstStart(
    IGrainFactory grains, SiloOptions options, TimeProvider clock, ILogger<FirstStart> logger) : IHostedLifecycleService
{
    public const string AdministratorEmail = "admin@localhost";

    private const string ServiceName = "first start";

    /// <summary>Silos that start or end beside this one, or PostgreSQL, may be away for a while.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>The administrator's password if it was made now; it is in no file and cannot be asked for again.</summary>
    public string? GeneratedPassword { get; private set; }

    /// <summary>Whether the administrator was made now.</summary>
    public bool CreatedAdministrator { get; private set; }

    /// <exception cref="CannotStartException">Nobody answers.</exception>
    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        for (var began = clock.GetTimestamp(); ;)
        {
            try
            {
                await MakeAdministrator();
                return;
            }
            catch (Exception e) when (e is TimeoutException or FailureException { Failure: Failure.Unavailable })
            {
                if (clock.GetElapsedTime(began) > Patience)
                {
                    throw new CannotStartException($"It is not known whether there is an administrator: {e.Message}");
                }
            }

            await Task.Delay(Pause, clock, cancellationToken);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task MakeAdministrator()
    {
        Caller.System(GrainKey.DefaultTenant, ServiceName).Enter();
        var administrator = grains.User(GrainKey.DefaultTenant, AdministratorEmail);
        try
        {
            await administrator.Get();
            if (options.AdminPassword is { } given && !await administrator.HasPassword(given))
            {
                LogPasswordIgnored(logger, AdministratorEmail);
            }
        }
        catch (FailureException e) when (e.Failure == Failure.NotFound)
        {
            var password = options.AdminPassword
                ?? (GeneratedPassword = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(15)));
            try
            {
                var user = await administrator.Register("admin", password, Roles.Admin);
                await Note(user);
            }
            catch (FailureException other) when (other.Failure == Failure.Conflict)
            {
                GeneratedPassword = null; // another silo of a new cluster was faster
                return;
            }

            CreatedAdministrator = true;
            if (!UserRules.IsPassword(password, AdministratorEmail, "admin", out var why))
            {
                LogWeakPassword(logger, why);
            }
        }
    }

    /// <summary>That there is an administrator is the first thing that an audit has to tell.</summary>
    private Task Note(UserRecord user) => grains.Audit(GrainKey.DefaultTenant).Note(
    [
        new AuditEntry
        {
            At = clock.GetUtcNow(),
            Tenant = GrainKey.DefaultTenant,
            Actor = AuditActor.Service,
            Subject = ServiceName,
            Name = AdministratorEmail,
            Action = nameof(FirstStart),
            ThingType = "user",
            ThingId = user.Id,
        },
    ]);

    [LoggerMessage(LogLevel.Warning, "--admin-password is ignored: {Email} exists already and keeps the password that it has. Sign in with that, or start with another --data")]
    private static partial void LogPasswordIgnored(ILogger logger, string email);

    [LoggerMessage(LogLevel.Warning, "The administrator's password is weaker than users may choose: {Why}")]
    private static partial void LogWeakPassword(ILogger logger, string why);
}

public static class FirstStartSetup
{
    public static IServiceCollection AddFirstStart(this IServiceCollection services) => services
        .AddSingleton<FirstStart>()
        .AddHostedService(provider => provider.GetRequiredService<FirstStart>());
}
