using System.Diagnostics;
using System.Runtime.Versioning;
using OrleansIoT.EndToEnd.Tests.Clients;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Identity;

/// <summary>The certification authority in the box, as an operator uses it; openssl and mosquitto judge what comes out.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PkiTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pki-").FullName;

    private string Pki => Path.Combine(_folder, "pki");

    private string Ca => Path.Combine(Pki, "ca.crt");

    private string Crl => Path.Combine(Pki, "crl.pem");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Openssl_verifies_the_chain_and_the_list()
    {
        await Run("init");
        await Run("issue", "--for", "gateway", "--name", "gateway-1", "--dns", "iot.example", "--ip", "192.0.2.7");
        await Run("issue", "--for", "device", "--name", "meter-7");
        string[] verify = ["verify", "-x509_strict", "-crl_check", "-CAfile", Ca, "-CRLfile", Crl];
        string[] gateway = ["-purpose", "sslserver", "-verify_hostname", "iot.example", "-verify_ip", "192.0.2.7", Issued("gateway-1")];
        string[] device = ["-purpose", "sslclient", Issued("meter-7")];
        (await ForeignClient.Run("openssl", [], [.. verify, .. gateway])).Succeeded();
        (await ForeignClient.Run("openssl", [], [.. verify, .. device])).Succeeded();
        var asServer = await ForeignClient.Run("openssl", [], [.. verify, "-purpose", "sslserver", Issued("meter-7")]);
        Assert.Contains("purpose", asServer.Error, StringComparison.Ordinal);

        await Run("revoke", "meter-7");

        var revoked = await ForeignClient.Run("openssl", [], [.. verify, .. device]);
        Assert.Contains("certificate revoked", revoked.Error, StringComparison.Ordinal);
        (await ForeignClient.Run("openssl", [], [.. verify, .. gateway])).Succeeded();
        var list = (await ForeignClient.Run("openssl", [], ["crl", "-in", Crl, "-noout", "-crlnumber", "-CAfile", Ca])).Succeeded();
        Assert.Contains("verify OK", list.Output + list.Error, StringComparison.Ordinal);
        Assert.Contains("crlNumber=0x02", list.Output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Its_devices_connect_and_a_revoked_one_is_cut_off_without_a_restart()
    {
        await Run("init");
        await Run("issue", "--for", "device", "--name", "meter-7");
        await Run("issue", "--for", "device", "--name", "meter-8");
        await using var iot = await IotProcess.Start("--device-ca", Ca, "--device-crl", Crl, "--pki-dir", Pki);
        using var admin = await IotClient.Administrator(iot);
        await admin.RegisterDevice("meter-7");
        await admin.RegisterDevice("meter-8");
        (await Publish(iot, "meter-7")).Succeeded();
        (await Publish(iot, "meter-8")).Succeeded();
        using var listener = Listen(iot, "meter-7");
        await ReadUntil(listener, "SUBACK");

        Assert.Contains("Revoked device meter-7", await Run("revoke", "meter-7"), StringComparison.Ordinal);

        await listener.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30)); // cut off, and not let in again
        Assert.NotEqual(0, listener.ExitCode);
        Assert.NotEqual(0, (await Publish(iot, "meter-7")).ExitCode);
        Assert.Contains(iot.Output, line => line.Contains("its certificate is revoked", StringComparison.Ordinal));
        (await Publish(iot, "meter-8")).Succeeded();
    }

    [Fact]
    public async Task A_gateway_serves_HTTPS_with_what_it_issued_and_renewed()
    {
        await Run("init");
        await Run("issue", "--for", "gateway", "--name", "localhost", "--days", "5");
        await using var iot = await IotProcess.Start(
            "--https", "0", "--tls-cert", Issued("localhost"), "--tls-key", Path.ChangeExtension(Issued("localhost"), "key"), "--pki-dir", Pki);
        string[] curl = ["-sS", "--cacert", Ca, $"https://localhost:{iot.HttpsPort}/health/live"];
        (await ForeignClient.Run("curl", [], curl)).Succeeded();
        await Eventually.Is(() => Printed(iot, "--pki renew localhost") > 0); // it ends within a week

        await Run("renew", "localhost");

        await Eventually.Is(() => Printed(iot, "was replaced by OU=gateway, CN=localhost") == 2);
        (await ForeignClient.Run("curl", [], curl)).Succeeded();
    }

    [Fact]
    public async Task What_was_issued_is_listed_with_what_became_of_it()
    {
        Assert.Contains("ca.crt", await Run("init", "--name", "Plant-CA", "--crl-hours", "6"), StringComparison.Ordinal);
        Assert.Equal("Nothing was issued yet.", (await Run("list")).Trim());
        await Run("issue", "--for", "silo", "--name", "silo-1");
        await Run("issue", "--for=device", "--name=meter-7", "--days=10");
        var serial = (await Run("list")).Split('\n')[1].Split(' ')[0];
        await Run("revoke", serial);
        Assert.Contains("next one has to come before", await Run("crl"), StringComparison.Ordinal);

        var lines = (await Run("list")).Trim().Split('\n');

        Assert.Equal(2, lines.Length);
        Assert.Matches("^[0-9A-F]{32}  silo     good until 20.*  silo-1$", lines[0]);
        Assert.Matches("^[0-9A-F]{32}  device   revoked 20.*  meter-7$", lines[1]);
    }

    [Theory]
    [InlineData(2, "'sign' is no verb of --pki; they are init, issue, renew, revoke, crl, list", "sign")]
    [InlineData(2, "--name is missing", "issue", "--for", "device")]
    [InlineData(2, "it is silo, gateway, edge or device", "issue", "--for", "cook", "--name", "a")]
    [InlineData(2, "--days abc: that is no whole number", "issue", "--for", "device", "--name", "a", "--days", "abc")]
    [InlineData(2, "--name needs a value", "issue", "--name")]
    [InlineData(2, "--name is there twice", "issue", "--name", "a", "--name", "b")]
    [InlineData(2, "--days is no option of this verb", "revoke", "--days", "4")]
    [InlineData(2, "used like this: --pki revoke NAME|SERIAL", "revoke")]
    [InlineData(1, "--pki init makes one", "list")]
    [InlineData(1, "good for 1 to 168 hours", "init", "--crl-hours", "1000")]
    public async Task What_cannot_be_done_is_one_clear_line(int exitCode, string says, params string[] arguments)
    {
        var result = await IotProcess.Run(["--pki", .. arguments, "--pki-dir", Pki]);

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains(says, Assert.Single(result.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_verb_it_says_what_there_is()
    {
        var (exitCode, output, _) = await IotProcess.Run(["--pki"]);

        Assert.Equal(0, exitCode);
        Assert.Contains("--pki issue --for silo|gateway|edge|device --name NAME", output, StringComparison.Ordinal);
    }

    private async Task<string> Run(params string[] arguments)
    {
        var (exitCode, output, error) = await IotProcess.Run(["--pki", .. arguments, "--pki-dir", Pki]);
        Assert.True(exitCode == 0, error);
        return output;
    }

    private string Issued(string name) => Path.Combine(Pki, "issued", name + ".crt");

    private string[] Tls(IotProcess iot, string device) =>
    [
        "-h", "localhost", "-p", $"{iot.MqttsPort}", "--cafile", iot.CaFile,
        "--cert", Issued(device), "--key", Path.ChangeExtension(Issued(device), "key"),
    ];

    private Task<ClientResult> Publish(IotProcess iot, string device) => ForeignClient.Run("mosquitto_pub", [],
        [.. Tls(iot, device), "-V", "5", "-q", "1", "-i", $"{device}-publisher", "-t", $"devices/{device}/t", "-m", "1"]);

    /// <summary>Its output is flushed at each line, and says what it receives.</summary>
    private Process Listen(IotProcess iot, string device) => Process.Start(new ProcessStartInfo(
        "stdbuf", ["-oL", "mosquitto_sub", .. Tls(iot, device), "-V", "5", "-i", $"{device}-listener", "-t", $"devices/{device}/#", "-d"])
    {
        RedirectStandardOutput = true,
    })!;

    private static async Task ReadUntil(Process process, string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"It ended without '{text}'.");
    }

    private static int Printed(IotProcess iot, string text)
    {
        lock (iot.Output)
        {
            return iot.Output.Count(line => line.Contains(text, StringComparison.Ordinal));
        }
    }
}
