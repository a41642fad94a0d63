using System.Diagnostics;
using System.Globalization;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Clients;

/// <summary>Clients that are not ours: our own reader and writer could agree on the same mistake.</summary>
public static class ForeignClient
{
    /// <summary>Eclipse mosquitto's publisher: a message a line, QoS 1.</summary>
    public static Task<ClientResult> MosquittoPub(
        IotProcess iot, string device, string key, string topic, IEnumerable<string> payloads, string version = "311") =>
        Run("mosquitto_pub", payloads,
        [
            "-h", "127.0.0.1", "-p", Port(iot), "-V", version, "-q", "1", "-i", device, "-u", device, "-P", key, "-t", topic, "-l",
        ]);

    /// <summary>Eclipse Paho for Python; it reconnects and resends by itself. Debian's interpreter, where its package is.</summary>
    public static Task<ClientResult> Paho(
        IotProcess iot, string device, string key, string topic, IEnumerable<string> payloads, int protocol = 5) =>
        Run("/usr/bin/python3", payloads,
        [
            Path.Combine(AppContext.BaseDirectory, "Clients", "publish.py"), Port(iot), device, key, topic,
            protocol.ToString(CultureInfo.InvariantCulture),
        ]);

    /// <summary>The same publisher over TLS, which checks the server's certificate and its name.</summary>
    public static Task<ClientResult> MosquittoPubTls(
        IotProcess iot, string device, string key, string topic, IEnumerable<string> payloads, string version = "311") =>
        Run("mosquitto_pub", payloads,
        [
            "-h", "localhost", "-p", iot.MqttsPort.ToString(CultureInfo.InvariantCulture), "--cafile", iot.CaFile, "-V", version,
            "-q", "1", "-i", device, "-u", device, "-P", key, "-t", topic, "-l",
        ]);

    /// <summary>mqtt.js, from where npm has installed it.</summary>
    public static Task<ClientResult> MqttJs(
        string url, string device, string key, string topic, IEnumerable<string> payloads, int protocol = 5, string? ca = null) =>
        Run("node", payloads,
        [
            Path.Combine(Repository.Root, "tests/EndToEnd.Tests/Clients/mqttjs/publish.mjs"), url, device, key, topic,
            protocol.ToString(CultureInfo.InvariantCulture), .. ca is null ? Array.Empty<string>() : [ca],
        ]);

    public static async Task<ClientResult> Run(string program, IEnumerable<string> lines, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        foreach (var line in lines)
        {
            await process.StandardInput.WriteLineAsync(line);
        }

        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        return new ClientResult(process.ExitCode, await output, await error);
    }

    private static string Port(IotProcess iot) => iot.MqttPort.ToString(CultureInfo.InvariantCulture);
}

public sealed record ClientResult(int ExitCode, string Output, string Error)
{
    public ClientResult Succeeded()
    {
        Assert.True(ExitCode == 0, $"Exit code {ExitCode}: {Error}");
        return this;
    }
}
