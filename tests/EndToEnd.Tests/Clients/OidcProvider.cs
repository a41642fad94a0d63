using System.Diagnostics;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Clients;

/// <summary>oidc-provider, a certified OpenID Connect provider, in a process of its own; and openid-client, which asks it and others.</summary>
public sealed class OidcProvider : IAsyncDisposable
{
    public const string Resource = "urn:orleans-iot-api";

    private static readonly string Folder = Path.Combine(Repository.Root, "tests/EndToEnd.Tests/Clients/oidc");

    private readonly Process _process;

    private OidcProvider(Process process, string issuer) => (_process, Issuer) = (process, issuer);

    public string Issuer { get; }

    public static async Task<OidcProvider> Start()
    {
        var (process, issuer) = await Launch(0);
        return new OidcProvider(process, issuer);
    }

    /// <summary>An access token by the client_credentials grant (RFC 6749 section 4.4).</summary>
    /// <param name="verify">Verifies it as well with the keys that its issuer publishes.</param>
    public static async Task<string> TokenOf(
        string issuer, string client, string secret, string scope, string? resource = null, bool verify = false) =>
        (await ForeignClient.Run("node", [],
        [
            Path.Combine(Folder, "token.mjs"), issuer, client, secret, scope, .. resource is null ? Array.Empty<string>() : [resource],
            .. verify ? new[] { "--verify" } : [],
        ])).Succeeded().Output.Trim();

    public Task<string> Token(string scope) => TokenOf(Issuer, "robot", "robots-secret-of-the-tests", scope, Resource);

    /// <summary>A new key in the place of the old one.</summary>
    public async Task Rotate()
    {
        await _process.StandardInput.WriteLineAsync("rotate");
        Assert.Equal("rotated", await _process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)));
    }

    public async Task Stop()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static async Task<(Process Process, string Issuer)> Launch(int port)
    {
        var process = Process.Start(new ProcessStartInfo("node", [Path.Combine(Folder, "provider.mjs"), $"{port}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.BeginErrorReadLine(); // it warns that it is not meant for production
        var issuer = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return (process, issuer ?? throw new InvalidOperationException("The provider has ended instead of listening."));
    }
}
