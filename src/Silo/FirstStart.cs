using System.Buffers.Text;
using System.Security.Cryptography;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Silo;

/// <summary>Creates the administrator when there is none yet, before anybody can connect.</summary>
public sealed partial class FirstStart(IGrainFactory grains, SiloOptions options, ILogger<FirstStart> logger) : IHostedService
{
    public const string AdministratorEmail = "admin@localhost";

    /// <summary>The administrator's password if it was made now; it is in no file and cannot be asked for again.</summary>
    public string? GeneratedPassword { get; private set; }

    /// <summary>Whether the administrator was made now.</summary>
    public bool CreatedAdministrator { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Caller.System(GrainKey.DefaultTenant, "first start").Enter();
        var administrator = grains.User(GrainKey.DefaultTenant, AdministratorEmail);
        try
        {
            await administrator.Get();
            if (options.AdminPassword is not null)
            {
                LogPasswordIgnored(logger, AdministratorEmail);
            }
        }
        catch (FailureException e) when (e.Failure == Failure.NotFound)
        {
            var password = options.AdminPassword
                ?? (GeneratedPassword = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(15)));
            await administrator.Register("admin", password, Roles.Admin);
            CreatedAdministrator = true;
            if (!UserRules.IsPassword(password, AdministratorEmail, "admin", out var why))
            {
                LogWeakPassword(logger, why);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Warning, "--admin-password is ignored: {Email} exists already and keeps its password")]
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
