using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace OrleansIoT.EndToEnd.Tests;

/// <summary>The product as an operator runs it: the executable in a process of its own, with a data directory on the disk.</summary>
public sealed partial class IotProcess : IAsyncDisposable
{
    public const string AdminPassword = "an administrator's secret";

    /// <summary>SIGSTOP, of Linux.</summary>
    public const int Stop = 19;

    /// <summary>SIGCONT.</summary>
    public const int Continue = 18;

    private readonly string[] _options;
    private readonly bool _ownsData;
    private string[] _launcher = [];
    private string[] _password = ["--admin-password", AdminPassword];
    private Process _process = null!;

    private IotProcess(string data, bool ownsData, string[] options) => (Data, _ownsData, _options) = (data, ownsData, options);

    public string Data { get; }

    /// <summary>What it finds in its environment besides ours, from the next start on.</summary>
    public (string Name, string Value)[] Environment { get; set; } = [];

    public int HttpPort { get; private set; }

    public int MqttPort { get; private set; }

    /// <summary>MQTT over TLS, with the development certificate.</summary>
    public int MqttsPort { get; private set; }

    /// <summary>HTTP over TLS, where the options ask for it.</summary>
    public int HttpsPort { get; private set; }

    /// <summary>What a client of <see cref="MqttsPort"/> trusts.</summary>
    public string CaFile => Path.Combine(Data, "tls", "ca.crt");

    /// <summary>Everything it printed, of all its lives.</summary>
    public List<string> Output { get; } = [];

    public static string Executable { get; } =
        Path.Combine(AppContext.BaseDirectory, "..", "..", "Silo", "release", "OrleansIoT.Silo.dll");

    /// <summary>Starts it on free ports and waits until it says that it listens.</summary>
    public static async Task<IotProcess> Start(params string[] options) => await StartOn(NewDataDirectory(), true, options);

    public static async Task<IotProcess> StartOn(string data, bool ownsData = false, params string[] options)
    {
        var process = new IotProcess(data, ownsData, options);
        await process.Launch(0, 0, 0);
        return process;
    }

    /// <summary>Starts it in an environment, open to clients without credentials.</summary>
    public static async Task<IotProcess> StartIn(
        (string Name, string Value)[] environment, string? data = null, params string[] launcher)
    {
        var process = new IotProcess(data ?? NewDataDirectory(), data is null, ["--anonymous", "#", "--device-rate", "0"])
        {
            Environment = environment,
            _launcher = launcher,
        };
        await process.Launch(0, 0, 0);
        return process;
    }

    /// <summary>Starts it with more in its environment.</summary>
    public static async Task<IotProcess> StartWith((string Name, string Value)[] environment, params string[] options)
    {
        var process = new IotProcess(NewDataDirectory(), true, options) { Environment = environment };
        await process.Launch(0, 0, 0);
        return process;
    }

    /// <summary>Starts it as somebody does who gives no password.</summary>
    public static Task<IotProcess> WithGeneratedPassword() => WithPassword(null);

    public static async Task<IotProcess> WithPassword(string? password)
    {
        var process = new IotProcess(NewDataDirectory(), true, [])
        {
            _password = password is null ? [] : ["--admin-password", password],
        };
        await process.Launch(0, 0, 0);
        return process;
    }

    /// <summary>A directory of this test's own, beside its binaries: on a real disk, as the promise is about one.</summary>
    public static string NewDataDirectory() =>
        Path.Combine(AppContext.BaseDirectory, "data", Guid.NewGuid().ToString("N")[..12]);

    /// <summary>Runs it to its end, for starts that have to fail.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> Run(
        string[] arguments, IDictionary<string, string>? environment = null)
    {
        using var process = Process.Start(Info(arguments, environment))!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }

    /// <summary>Complete when it has ended by itself.</summary>
    public Task Ends() => _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));

    public bool IsAlive => !_process.HasExited;

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task Kill()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
    }

    public void Signal(int signal) => Assert.Equal(0, SendSignal(_process.Id, signal));

    /// <summary>SIGTERM, and the exit code.</summary>
    public async Task<int> Terminate()
    {
        Assert.Equal(0, SendSignal(_process.Id, SigTerm));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>Starts it again, on the same ports and the same data.</summary>
    public Task StartAgain() => Launch(HttpPort, MqttPort, MqttsPort);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await Kill();
        }

        _process.Dispose();
        if (_ownsData && Directory.Exists(Data))
        {
            Directory.Delete(Data, recursive: true);
        }
    }

    private const int SigTerm = 15;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);

    [GeneratedRegex(@"mqtt://[^:]+:(\d+)")]
    private static partial Regex MqttAddress();

    [GeneratedRegex(@"mqtts://[^:]+:(\d+)")]
    private static partial Regex MqttsAddress();

    [GeneratedRegex(@"http://[^:]+:(\d+)")]
    private static partial Regex HttpAddress();

    [GeneratedRegex(@"HTTPS https://[^:]+:(\d+)")]
    private static partial Regex HttpsAddress();

    private async Task Launch(int http, int mqtt, int mqtts)
    {
        string[] arguments =
        [
            "--data", Data, "--http", http.ToString(CultureInfo.InvariantCulture),
            "--mqtt", mqtt.ToString(CultureInfo.InvariantCulture),
            "--mqtts", mqtts.ToString(CultureInfo.InvariantCulture), .. _password, .. _options,
        ];
        _process = Process.Start(Info(arguments, Environment.ToDictionary(v => v.Name, v => v.Value), _launcher))!;
        _process.StandardInput.Close();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.OutputDataReceived += (_, line) => Read(line.Data, ready);
        _process.ErrorDataReceived += (_, line) => Read(line.Data, ready);
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException("It ended instead of listening."));
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        try
        {
            await ready.Task.WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"No start: {string.Join('\n', Output)}", e);
        }
    }

    private void Read(string? line, TaskCompletionSource ready)
    {
        if (line is null)
        {
            return;
        }

        lock (Output)
        {
            Output.Add(line);
        }

        if (HttpAddress().Match(line) is { Success: true } http)
        {
            HttpPort = int.Parse(http.Groups[1].Value, CultureInfo.InvariantCulture);
        }

        if (MqttAddress().Match(line) is { Success: true } mqtt)
        {
            MqttPort = int.Parse(mqtt.Groups[1].Value, CultureInfo.InvariantCulture);
        }

        if (MqttsAddress().Match(line) is { Success: true } mqtts)
        {
            MqttsPort = int.Parse(mqtts.Groups[1].Value, CultureInfo.InvariantCulture);
        }

        if (HttpsAddress().Match(line) is { Success: true } https)
        {
            HttpsPort = int.Parse(https.Groups[1].Value, CultureInfo.InvariantCulture);
        }

        if (line.Contains("Ready", StringComparison.Ordinal))
        {
            ready.TrySetResult();
        }
    }

    private static ProcessStartInfo Info(
        string[] arguments, IDictionary<string, string>? environment, params string[] launcher)
    {
        string[] command = [.. launcher, "dotnet", Executable, .. arguments];
        var info = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            info.Environment[name] = value;
        }

        return info;
    }
}
