using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Faults.Systems;

/// <summary>
/// The whole product in one process on the embedded engine, supervised here as <c>deploy/local-cluster</c> supervises many:
/// started again whenever it ends.
/// </summary>
public sealed class OneProcess : IAsyncDisposable
{
    private const string Name = "iot";

    private readonly string _directory;
    private readonly string[] _command;
    private readonly string[] _environment;
    private readonly CancellationTokenSource _ending = new();
    private Task _supervising = Task.CompletedTask;
    private Process? _process;

    private OneProcess(string directory, string executable, string[] environment)
    {
        _directory = directory;
        _environment = environment;
        Directory.CreateDirectory(Path.Combine(directory, "run"));
        Directory.CreateDirectory(Path.Combine(directory, "log"));
        Directory.CreateDirectory(Path.Combine(directory, "secrets"));
        var (http, mqtt) = (LocalPort.Free(), LocalPort.Free());
        var data = Path.Combine(directory, "data");
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        File.WriteAllText(Path.Combine(directory, "secrets", "admin-password"), password);
        _command =
        [
            "dotnet", executable, "--data", data, "--http", $"{http}", "--mqtt", $"{mqtt}", "--mqtts", "off",
            "--admin-password", password,
        ];
        File.WriteAllLines(Path.Combine(directory, "run", "addresses"),
        [
            $"mqtt 127.0.0.1:{mqtt}", $"http http://127.0.0.1:{http}", $"executable dotnet {executable}",
        ]);

        // Where the keys are looked for that are to be rotated.
        Directory.CreateSymbolicLink(Path.Combine(directory, "secrets", "gateway"), data);
    }

    public string Database => Path.Combine(_directory, "data", "iot.db");

    /// <param name="directory">Where everything is kept; it is made.</param>
    /// <param name="executable">The product's.</param>
    /// <param name="environment">What is in its environment, as NAME=VALUE.</param>
    public static async Task<OneProcess> Start(string directory, string executable, params string[] environment)
    {
        var one = new OneProcess(Path.GetFullPath(directory), executable, environment);
        one._supervising = one.Supervise();
        using var topology = Topology.Of(directory);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await topology.Ready(limit.Token);
        return one;
    }

    /// <summary>Ends it in order, and starts it no more.</summary>
    public async Task Stop()
    {
        await _ending.CancelAsync();
        if (_process is { HasExited: false } process)
        {
            Nemesis.Signals.Send(process.Id, Nemesis.Signal.Continue);
            Nemesis.Signals.Send(process.Id, Nemesis.Signal.Terminate);
        }

        await _supervising;
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        _ending.Dispose();
        _process?.Dispose();
    }

    private async Task Supervise()
    {
        while (!_ending.IsCancellationRequested)
        {
            _process?.Dispose();
            _process = Launch();
            await File.WriteAllTextAsync(PathOf("pid.new"), _process.Id.ToString(CultureInfo.InvariantCulture));
            File.Move(PathOf("pid.new"), PathOf("pid"), overwrite: true);
            await _process.WaitForExitAsync();
            File.Delete(PathOf("pid"));
        }
    }

    private Process Launch()
    {
        // The shell is replaced, so that the process that we know is the product.
        string[] shell = ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", Path.Combine(_directory, "log", $"{Name}.log")];
        var info = new ProcessStartInfo("sh", [.. shell, .. _command]);
        foreach (var variable in _environment.Concat(OfNextStart()).Select(line => line.Split('=', 2)))
        {
            info.Environment[variable[0]] = variable[1];
        }

        return Process.Start(info)!;
    }

    private string[] OfNextStart()
    {
        var file = PathOf("environment");
        if (!File.Exists(file))
        {
            return [];
        }

        var lines = File.ReadAllLines(file);
        File.Delete(file);
        return lines;
    }

    private string PathOf(string extension) => Path.Combine(_directory, "run", $"{Name}.{extension}");
}
