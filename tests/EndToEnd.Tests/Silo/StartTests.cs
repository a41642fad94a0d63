using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace OrleansIoT.EndToEnd.Tests.Silo;

/// <summary>What the executable says to the person who starts it.</summary>
public sealed class StartTests
{
    [Theory]
    [InlineData("--frequency", "--frequency is no option")]
    [InlineData("--mqtt", "--mqtt needs a value")]
    [InlineData("--mqtt=abc", "no whole number")]
    [InlineData("--http=70000", "a port is 0 to 65535")]
    [InlineData("--mqtt=8080", "a port each")]
    [InlineData("--bind=example", "no IP address")]
    [InlineData("--roles=silo,cook", "'cook' is no role")]
    [InlineData("--roles=edge", "role silo")]
    [InlineData("--demo=-1", "the number of devices is 0 to 10000")]
    [InlineData("--data=", "--data is empty")]
    [InlineData("--mqtts=1883", "--mqtt and --mqtts are both 1883")]
    [InlineData("--https=8080", "--https and --http are both 8080")]
    [InlineData("--https=70000", "a port is 0 to 65535")]
    [InlineData("--pki-dir=", "--pki-dir is empty")]
    [InlineData("--mqtts=never", "that is no whole number")]
    [InlineData("--tls-cert=server.crt", "--tls-cert and --tls-key go together")]
    [InlineData("--device-crl=devices.crl", "--device-crl needs --device-ca")]
    public async Task A_senseless_option_is_one_clear_line_and_exit_code_2(string option, string says)
    {
        var (exitCode, output, error) = await IotProcess.Run([option]);
        Assert.Equal(2, exitCode);
        Assert.Empty(output);
        Assert.Contains(says, Assert.Single(Lines(error)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_variable_of_the_environment_is_one_too()
    {
        var (exitCode, _, error) = await IotProcess.Run([], new Dictionary<string, string> { ["IOT_HTPP"] = "8080" });
        Assert.Equal(2, exitCode);
        Assert.Contains("IOT_HTPP is no setting", Assert.Single(Lines(error)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("IOT_DEVICEEDGE__MAXPAYLOADSIZE", "abc", "DeviceEdge:MaxPayloadSize")]
    [InlineData("IOT_DEVICEEDGE__MAXPAYLOADSIZE", "-1", "DeviceEdge:MaxPayloadSize is at least 1")]
    [InlineData("IOT_DEVICEEDGE__MAXPAYLODSIZE", "1024", "MAXPAYLODSIZE")]
    [InlineData("IOT_DEVICEEDGE__CONNECTTIMEOUT", "10", "hh:mm:ss")]
    [InlineData("IOT_DEVICEEDGE__ANONYMOUS__0", "!a/#/b", "'#' stands alone")]
    [InlineData("IOT_DEVICEEDGE__ALLOWEDORIGINS__0", "app.example.org", "no origin")]
    [InlineData("IOT_DEVICEEDGE__DEVICECRL__0", "devices.crl", "needs the CAs")]
    [InlineData("IOT_GATEWAY__TRUSTEDPROXIES__0", "proxy", "Gateway:TrustedProxies")]
    [InlineData("IOT_GATEWAY__TLSCERTIFICATE", "a.crt", "go together")]
    [InlineData("IOT_GATEWAY__ACCESSTOKENLIFETIME", "02:00:00", "1 minute to 1 hour")]
    [InlineData("IOT_HISTORY__READERS", "0", "Readers")]
    [InlineData("IOT_HISTORY__RETENTION__0__PREFIX", "chat", "History:Retention:0 needs MaxAge or MaxBytes")]
    [InlineData("IOT_HISTORY__RETENTION__0__MAXAG", "1.00:00:00", "MAXAG")]
    [InlineData("IOT_HISTORY__RETENTION__0__MAXAGE", "a month", "MaxAge")]
    public async Task A_senseless_setting_of_a_section_is_one_clear_line_and_exit_code_2(string name, string value, string says)
    {
        var data = IotProcess.NewDataDirectory();
        var (exitCode, output, error) = await IotProcess.Run(
            ["--data", data, "--http", "0", "--mqtt", "0", "--mqtts", "0"], new Dictionary<string, string> { [name] = value });
        Assert.Equal(2, exitCode);
        Assert.Empty(output);
        Assert.Contains(says, Assert.Single(Lines(error)), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_port_in_use_is_one_clear_line_and_exit_code_1()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        await MustNotStart($"{port} is in use on 127.0.0.1; choose another with --mqtt", "--mqtt", $"{port}", "--http", "0", "--mqtts", "0");
        await MustNotStart($"{port} is in use on 127.0.0.1; choose another with --mqtts", "--mqtts", $"{port}", "--mqtt", "0", "--http", "0");
        await MustNotStart($"{port} is in use on 127.0.0.1; choose another with --http", "--http", $"{port}", "--mqtt", "0", "--mqtts", "0");
        await MustNotStart($"{port} is in use on 127.0.0.1; choose another with --https", "--https", $"{port}", "--http", "0", "--mqtt", "0", "--mqtts", "0");
        await MustNotStart("no address 192.0.2.1", "--bind", "192.0.2.1", "--http", "0", "--mqtt", "0", "--mqtts", "0");
    }

    [Fact]
    public async Task A_data_directory_that_cannot_be_written_is_one_clear_line_and_exit_code_1()
    {
        var file = Path.GetTempFileName();
        await MustNotStart(file, "--data", Path.Combine(file, "data"), "--http", "0", "--mqtt", "0", "--mqtts", "0");
        await MustNotStart("/proc/no-such-place", "--data", "/proc/no-such-place", "--http", "0", "--mqtt", "0", "--mqtts", "0");
        File.Delete(file);
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_used_is_one_clear_line_and_exit_code_1()
    {
        string[] ports = ["--http", "0", "--mqtt", "0", "--mqtts", "0"];
        await MustNotStart("no-such-ca.crt", ["--device-ca", "no-such-ca.crt", .. ports]);
        await MustNotStart("no-such.crt", ["--tls-cert", "no-such.crt", "--tls-key", "no-such.key", .. ports]);
        await MustNotStart("no-such.crt", ["--tls-cert", "no-such.crt", "--tls-key", "no-such.key", "--https", "0", "--http", "0", "--mqtt", "0", "--mqtts", "off"]);
        await MustNotStart("--pki init makes one", ["--pki-dir", "no-such-directory", .. ports]);
    }

    [Fact]
    public async Task What_clients_without_credentials_may_is_a_warning_at_the_start()
    {
        await using var iot = await IotProcess.Start("--anonymous", "trial/#,test/+", "--anonymous", "!trial/secret");
        Assert.Contains(iot.Output, line => line.Contains("warn", StringComparison.Ordinal)
            && line.EndsWith("trial/#, test/+, !trial/secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("0.0.0.0", 1)]
    [InlineData("127.0.0.1", 0)]
    [InlineData("0.0.0.0", 0, "--https", "0")]
    public async Task Who_opens_HTTP_to_others_without_TLS_is_warned_once(string address, int warnings, params string[] options)
    {
        await using var iot = await IotProcess.Start(["--bind", address, .. options]);
        Assert.Equal(warnings, iot.Output.Count(line => line.Contains("without TLS", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Without_the_TLS_listener_there_are_no_certificates()
    {
        await using var iot = await IotProcess.Start("--mqtts", "off");
        Assert.Equal(0, iot.MqttsPort);
        Assert.False(File.Exists(iot.CaFile));
    }

    [Fact]
    public async Task A_data_directory_in_use_is_one_clear_line_and_exit_code_1()
    {
        await using var iot = await IotProcess.Start();
        await MustNotStart("in use by another process", "--data", iot.Data, "--http", "0", "--mqtt", "0", "--mqtts", "0");
        await MustNotStart("OrleansIoT runs here already (pid ", "--data", iot.Data, "--http", $"{iot.HttpPort}", "--mqtt", "0", "--mqtts", "0");
    }

    [Fact]
    public async Task The_first_start_prints_a_password_once_and_it_works()
    {
        var data = IotProcess.NewDataDirectory();
        await using var iot = await IotProcess.StartOn(data, true);
        using var client = await IotClient.Administrator(iot);
        Assert.Equal(HttpStatusCode.OK, (await client.Get("/users")).Status);

        // Another first start, this time without a password given.
        await using var other = await IotProcess.WithGeneratedPassword();
        var password = other.Output.Select(line => Regex.Match(line, "password ([^ ]+) \\(shown this once\\)"))
            .Single(match => match.Success).Groups[1].Value;
        using var administrator = new IotClient(other.HttpPort);
        await administrator.SignIn("admin@localhost", password);
        var printed = other.Output.Count;
        await other.Terminate();
        await other.StartAgain();
        Assert.DoesNotContain(other.Output.Skip(printed), line => line.Contains("password", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task SIGTERM_ends_it_within_ten_seconds_with_exit_code_0()
    {
        await using var iot = await IotProcess.Start();
        var clock = Stopwatch.StartNew();
        Assert.Equal(0, await iot.Terminate());
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public async Task A_process_that_is_only_a_silo_answers_for_its_health_and_nothing_else()
    {
        await using var iot = await IotProcess.Start("--roles", "silo");
        using var client = new IotClient(iot.HttpPort);
        Assert.Equal(HttpStatusCode.OK, (await client.Get("/health/live")).Status);
        Assert.Equal(HttpStatusCode.OK, (await client.Get("/health/ready")).Status);
        using var other = await client.Http.GetAsync(new Uri("/users", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        Assert.Equal(0, iot.MqttPort);
    }

    [Fact]
    public async Task Help_names_every_option()
    {
        var (exitCode, output, _) = await IotProcess.Run(["--help"]);
        Assert.Equal(0, exitCode);
        foreach (var option in new[] { "--data", "--mqtt", "--mqtts", "--http", "--tls-cert", "--device-ca", "--anonymous", "--bind", "--roles", "--admin-password", "--demo" })
        {
            Assert.Contains(option, output, StringComparison.Ordinal);
        }

        Assert.All(
            Lines(output).Where(line => line.StartsWith("  --", StringComparison.Ordinal) && line.Contains("(default: ", StringComparison.Ordinal)),
            line => Assert.Equal((' ', false), (line[27], char.IsWhiteSpace(line[28]))));
    }

    private static async Task MustNotStart(string says, params string[] arguments)
    {
        var data = IotProcess.NewDataDirectory();
        var (exitCode, output, error) = await IotProcess.Run(
            arguments.Contains("--data") ? arguments : ["--data", data, .. arguments]);
        Assert.Equal(1, exitCode);
        Assert.Empty(output);
        Assert.Contains(says, Assert.Single(Lines(error)), StringComparison.Ordinal);
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
