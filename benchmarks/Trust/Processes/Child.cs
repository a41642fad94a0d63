using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;

namespace OrleansIoT.Benchmarks.Trust.Processes;

/// <summary>This executable in another role, in a process of its own, which ends with this one.</summary>
internal sealed class Child : IDisposable
{
    public const string Argument = "child";

    private const int LastLines = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _name;
    private readonly Process _process;
    private readonly Queue<string> _printed = new();
    private readonly TaskCompletionSource<Ports> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<Counts> _counts = Channel.CreateUnbounded<Counts>();

    private Child(string role, string settings)
    {
        _name = role;
        _process = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet", [typeof(Child).Assembly.Location, Argument, role, settings])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
            EnableRaisingEvents = true,
        };
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.Exited += (_, _) => _ready.TrySetException(Ended());
    }

    public Ports Ports { get; private set; } = null!;

    /// <summary>Returns when it listens.</summary>
    /// <param name="role">What it is.</param>
    /// <param name="settings">What it is told, which becomes JSON.</param>
    /// <exception cref="BenchmarkException">It ended, or does not say that it listens; the message has what it printed.</exception>
    public static async Task<Child> Start(string role, object settings)
    {
        var child = new Child(role, JsonSerializer.Serialize(settings, settings.GetType()));
        try
        {
            child._process.Start();
            child._process.BeginOutputReadLine();
            child._process.BeginErrorReadLine();
            child.Ports = await child._ready.Task.WaitAsync(Patience);
            return child;
        }
        catch (TimeoutException)
        {
            child.Dispose();
            throw child.Ended();
        }
        catch
        {
            child.Dispose();
            throw;
        }
    }

    public async Task<Counts> Count()
    {
        await _process.StandardInput.WriteLineAsync();
        await _process.StandardInput.FlushAsync();
        using var limit = new CancellationTokenSource(Patience);
        return await _counts.Reader.ReadAsync(limit.Token);
    }

    /// <summary>Nothing that it has is needed again, so it is not asked to end.</summary>
    public void Dispose()
    {
        try
        {
            _process.Kill();
            _process.WaitForExit();
        }
        catch (InvalidOperationException)
        {
            // It never started, or is gone already.
        }

        _process.Dispose();
    }

    private BenchmarkException Ended()
    {
        lock (_printed)
        {
            return new BenchmarkException($"the process '{_name}' ended, or never listened; it printed:\n{string.Join('\n', _printed)}");
        }
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            return;
        }

        if (line.StartsWith(ChildLoop.Ready, StringComparison.Ordinal))
        {
            _ready.TrySetResult(JsonSerializer.Deserialize<Ports>(line.AsSpan(ChildLoop.Ready.Length))!);
        }
        else if (line.StartsWith(ChildLoop.Counted, StringComparison.Ordinal))
        {
            _counts.Writer.TryWrite(JsonSerializer.Deserialize<Counts>(line.AsSpan(ChildLoop.Counted.Length)));
        }
        else
        {
            lock (_printed)
            {
                _printed.Enqueue(line);
                while (_printed.Count > LastLines)
                {
                    _printed.Dequeue();
                }
            }
        }
    }
}
