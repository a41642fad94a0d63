using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OrleansIoT.EndToEnd.Tests.Clients;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Cluster;

/// <summary>A cluster as an operator starts it with one command: processes, PostgreSQL, certificates, and HAProxy before them.</summary>
public sealed class LocalClusterTests : IAsyncLifetime
{
    private readonly string _data = IotProcess.NewDataDirectory();
    private readonly int _https = LocalPort.Free();
    private readonly int _mqtts = LocalPort.Free();
    private readonly List<string> _output = [];
    private Process _cluster = null!;

    private string Ca => Path.Combine(_data, "secrets", "tls", "ca.crt");

    public async Task InitializeAsync()
    {
        var info = new ProcessStartInfo(Path.Combine(Repository.Root, "deploy/local-cluster"),
        [
            "--data", _data, "--silos", "2", "--edges", "1", "--gateways", "1", "--mtls", "--proxy", "--https", $"{_https}",
            "--mqtts", $"{_mqtts}", "--mqtt", $"{LocalPort.Free()}", "--internal", $"{LocalPort.Free()}",
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["ORLEANSIOT_EXECUTABLE"] = $"dotnet {IotProcess.Executable}";
        _cluster = Process.Start(info)!;
        _cluster.StandardInput.Close();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _cluster.OutputDataReceived += (_, line) => Read(line.Data, ready);
        _cluster.ErrorDataReceived += (_, line) => Read(line.Data, ready);
        _cluster.EnableRaisingEvents = true;
        _cluster.Exited += (_, _) => ready.TrySetException(new InvalidOperationException($"It ended: {string.Join('\n', _output)}"));
        _cluster.BeginOutputReadLine();
        _cluster.BeginErrorReadLine();
        await ready.Task.WaitAsync(TimeSpan.FromMinutes(3));
    }

    public async Task DisposeAsync()
    {
        await End();
        _cluster.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task It_serves_through_the_proxy_starts_again_what_is_killed_and_ends_in_order()
    {
        var token = await SignIn();
        var device = JsonSerializer.Deserialize<JsonElement>(await Curl("/devices", token, """{"id": "meter"}"""));
        var key = device.GetProperty("key").GetString()!;
        await Publish(key, "1");
        Assert.Contains("\"value\":1", await Curl("/iot/devices/meter/t/latest", token), StringComparison.Ordinal);

        foreach (var name in new[] { "silo-1", "silo-2", "edge-1", "gateway-1" })
        {
            var pid = PidOf(name);
            using (var victim = Process.GetProcessById(pid!.Value))
            {
                victim.Kill();
            }

            await Eventually.Is(() => PidOf(name) is { } now && now != pid);
        }

        await ComesBack(async () => await TryPublish(key, "2"));
        await ComesBack(async () => (await Curl("/iot/devices/meter/t/latest", token)).Contains("\"value\":2", StringComparison.Ordinal));

        var processes = Directory.EnumerateFiles(Path.Combine(_data, "run"), "*.pid").Select(file => PidOf(Path.GetFileNameWithoutExtension(file))).ToList();
        Assert.Equal(6, processes.Count); // two silos, an edge, a gateway, PostgreSQL, HAProxy
        Assert.Equal(0, await End());
        Assert.All(processes, pid => Assert.False(Directory.Exists($"/proc/{pid}")));
    }

    /// <summary>All of its processes were killed at once, so nobody is there to take over, and they start one beside the other.</summary>
    private static async Task ComesBack(Func<Task<bool>> condition)
    {
        var start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromMinutes(2), "It never came back.");
        }
    }

    private async Task<string> SignIn()
    {
        var password = await File.ReadAllTextAsync(Path.Combine(_data, "secrets", "admin-password"));
        Assert.Contains(_output, line => line.Contains(password, StringComparison.Ordinal));
        var answer = await Curl("/auth/login", null, $$"""{"email": "admin@localhost", "password": "{{password}}"}""");
        return JsonSerializer.Deserialize<JsonElement>(answer).GetProperty("auth_token").GetString()!;
    }

    private async Task<string> Curl(string path, string? token, string? body = null) => (await ForeignClient.Run("curl", [],
    [
        "-sS", "--cacert", Ca, "--max-time", "30",
        .. token is null ? Array.Empty<string>() : ["-H", $"Authorization: Bearer {token}"],
        .. body is null ? Array.Empty<string>() : ["-H", "Content-Type: application/json", "-d", body],
        $"https://localhost:{_https}{path}",
    ])).Output;

    private async Task Publish(string key, string payload) => Assert.True(await TryPublish(key, payload));

    private async Task<bool> TryPublish(string key, string payload) => (await ForeignClient.Run("mosquitto_pub", [],
    [
        "-h", "localhost", "-p", $"{_mqtts}", "--cafile", Ca, "-V", "5", "-q", "1", "-i", "meter", "-u", "meter", "-P", key,
        "-t", "devices/meter/t", "-m", payload,
    ])).ExitCode == 0;

    private int? PidOf(string name)
    {
        try
        {
            return int.Parse(File.ReadAllText(Path.Combine(_data, "run", $"{name}.pid")), CultureInfo.InvariantCulture);
        }
        catch (FileNotFoundException)
        {
            return null; // it is between two lives
        }
    }

    /// <summary>As Ctrl-C does, and the exit code.</summary>
    private async Task<int> End()
    {
        if (!_cluster.HasExited)
        {
            using var kill = Process.Start("kill", ["-TERM", $"{_cluster.Id}"]);
            await _cluster.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        }

        return _cluster.ExitCode;
    }

    private void Read(string? line, TaskCompletionSource ready)
    {
        if (line is not null)
        {
            lock (_output)
            {
                _output.Add(line);
            }

            if (line.StartsWith("Ready", StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
        }
    }
}
