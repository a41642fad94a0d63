using System.Diagnostics;
using System.Net;
using OrleansIoT.Faults.Nemesis;

namespace OrleansIoT.Faults.Systems;

/// <summary>
/// The system that faults are made in: where clients find it, and where its processes are. A directory has all of it, as
/// <c>deploy/local-cluster</c> makes it: <c>run/addresses</c>, <c>run/NAME.pid</c>, <c>log/NAME.log</c> and <c>secrets</c>.
/// </summary>
public sealed class Topology : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly string _directory;
    private readonly string[] _executable;

    private Topology(string directory, ILookup<string, string> addresses)
    {
        _directory = directory;
        Edges = [.. addresses["mqtt"].Select(IPEndPoint.Parse)];
        Gateways = [.. addresses["http"].Select(address => new Uri(address))];
        Postgres = addresses["postgres"].FirstOrDefault();
        _executable = [.. addresses["executable"].SelectMany(command => command.Split(' '))];
        Processes = new ProcessTable(Path.Combine(directory, "run"));
        AdminPassword = File.ReadAllText(Path.Combine(directory, "secrets", "admin-password")).Trim();
    }

    public IReadOnlyList<IPEndPoint> Edges { get; }

    public IReadOnlyList<Uri> Gateways { get; }

    /// <summary>How the database is connected to, where it is PostgreSQL.</summary>
    public string? Postgres { get; }

    public string AdminPassword { get; }

    public ProcessTable Processes { get; }

    /// <summary>The logs of its processes.</summary>
    public IEnumerable<(string Process, string File)> Logs => Directory.EnumerateFiles(Path.Combine(_directory, "log"), "*.log")
        .Select(file => (Path.GetFileNameWithoutExtension(file), file));

    /// <exception cref="InvalidDataException">There is none.</exception>
    public static Topology Of(string directory)
    {
        var file = Path.Combine(directory, "run", "addresses");
        if (!File.Exists(file))
        {
            throw new InvalidDataException($"No cluster runs in {directory}: {file} is missing. ./dev cluster --data {directory} starts one.");
        }

        return new Topology(Path.GetFullPath(directory), File.ReadLines(file).Select(line => line.Split(' ', 2)).ToLookup(part => part[0], part => part[1]));
    }

    /// <summary>Complete when every gateway says that a request would be served.</summary>
    public async Task Ready(CancellationToken cancellation)
    {
        foreach (var gateway in Gateways)
        {
            while (!await IsReady(gateway, cancellation))
            {
                await Task.Delay(100, cancellation);
            }
        }
    }

    /// <summary>New keys of tokens, beside the running gateways.</summary>
    public Task RotateTokenKeys() => Run("--data", Path.Combine(_directory, "secrets", "gateway"), "--rotate-keys");

    /// <summary>A new key of the cluster.</summary>
    public Task RotateClusterKey() => Run("--rotate-cluster-key", Path.Combine(_directory, "secrets", "cluster", "keys"));

    public void Dispose() => _http.Dispose();

    private async Task<bool> IsReady(Uri gateway, CancellationToken cancellation)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri(gateway, "/health/ready"), cancellation);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task Run(params string[] arguments)
    {
        var info = new ProcessStartInfo(_executable[0], [.. _executable[1..], .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await output;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', arguments)}: {error}");
        }
    }
}
