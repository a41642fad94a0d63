using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace OrleansIoT.Load.Servers;

/// <summary>A server that was started for one measurement, in a process of its own.</summary>
internal sealed class Server : IDisposable
{
    private const string AllocatedLine = "allocated ";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly Queue<string> _output = new();
    private readonly BlockingCollection<long> _allocations = [];

    private Server(ProcessStartInfo command, IPEndPoint tcp, IPEndPoint? tls)
    {
        command.RedirectStandardInput = true;
        command.RedirectStandardOutput = true;
        command.RedirectStandardError = true;
        Tcp = tcp;
        Tls = tls;
        _process = new Process { StartInfo = command };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose(); // whatever ends the load, its servers end with it
    }

    public IPEndPoint Tcp { get; }

    /// <summary>Null if it does not offer TLS.</summary>
    public IPEndPoint? Tls { get; }

    /// <summary>Who may connect.</summary>
    public IReadOnlyList<Device> Devices { get; set; } = [];

    public TimeSpan ProcessorTime => Parts is null ? Fresh().TotalProcessorTime : Parts.Aggregate(TimeSpan.Zero, (sum, part) => sum + TimeOf(part));

    /// <summary>Where the server is many processes, those whose time is asked for; null for the one that was started.</summary>
    public IReadOnlyList<int>? Parts { get; set; }

    /// <summary>Says how many bytes have gone between its processes, if that can be counted.</summary>
    public Func<long>? WireBytes { get; set; }

    /// <summary>Resident memory in bytes.</summary>
    public long Resident => Fresh().WorkingSet64;

    /// <summary>Answers a line of input with what it has allocated.</summary>
    public bool CountsAllocations { get; init; }

    /// <returns>Bytes allocated on the managed heap so far, or null if it cannot be asked.</returns>
    public long? Allocated()
    {
        if (!CountsAllocations)
        {
            return null;
        }

        _process.StandardInput.WriteLine();
        return _allocations.TryTake(out var bytes, AnswerLimit) ? bytes : throw new LoadException("the server does not say what it has allocated");
    }

    /// <summary>Starts a process and returns when somebody listens at its MQTT port.</summary>
    /// <exception cref="LoadException">It ended, or nobody listens in time; the message has what it printed.</exception>
    public static async Task<Server> Start(ProcessStartInfo command, IPEndPoint tcp, IPEndPoint? tls = null, bool countsAllocations = false)
    {
        var server = new Server(command, tcp, tls) { CountsAllocations = countsAllocations };
        try
        {
            server._process.Start();
            server._process.BeginOutputReadLine();
            server._process.BeginErrorReadLine();
            await server.Listens();
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>A port of the loopback that is free now.</summary>
    public static IPEndPoint FreePort()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)listener.LocalEndPoint!;
    }

    /// <summary>The last lines.</summary>
    public string Printed()
    {
        lock (_output)
        {
            return string.Join('\n', _output);
        }
    }

    /// <summary>Nothing that it stored is needed again, so it is not asked to end, unless it has to end others.</summary>
    public void Dispose()
    {
        try
        {
            if (Parts is not null && !_process.HasExited)
            {
                Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]).WaitForExit();
                _process.WaitForExit(EndLimit);
            }

            _process.Kill();
            _process.WaitForExit();
        }
        catch (InvalidOperationException)
        {
            // It never started, or is gone already.
        }

        _process.Dispose();
        _allocations.Dispose();
    }

    private static TimeSpan TimeOf(int pid)
    {
        using var process = Process.GetProcessById(pid);
        return process.TotalProcessorTime;
    }

    private async Task Listens()
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(Tcp);
                return;
            }
            catch (SocketException) when (!_process.HasExited && Stopwatch.GetElapsedTime(since) < StartLimit)
            {
                await Task.Delay(20);
            }
            catch (SocketException e)
            {
                throw new LoadException($"{_process.StartInfo.FileName} does not listen at {Tcp} ({e.SocketErrorCode}); it printed:\n{Printed()}");
            }
        }
    }

    private Process Fresh()
    {
        _process.Refresh();
        return _process;
    }

    private void Keep(string? line)
    {
        const int enough = 10;
        if (line?.StartsWith(AllocatedLine, StringComparison.Ordinal) is true)
        {
            _allocations.Add(long.Parse(line.AsSpan(AllocatedLine.Length), NumberStyles.None, CultureInfo.InvariantCulture));
            return;
        }

        lock (_output)
        {
            if (line is not null)
            {
                _output.Enqueue(line);
            }

            if (_output.Count > enough)
            {
                _output.Dequeue();
            }
        }
    }
}
