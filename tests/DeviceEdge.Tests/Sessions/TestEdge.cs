using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.DeviceEdge.Sessions;
using OrleansIoT.Fixtures;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>The edge on a free port, with real sockets before it, grains in memory behind it and a clock of the test's.</summary>
internal sealed class TestEdge : IAsyncDisposable, ILoggerProvider, ILogger
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<string> _log = new();

    private TestEdge(Action<DeviceEdgeOptions>? configure, bool isOfCluster)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(this).SetMinimumLevel(LogLevel.Information);
        builder.Services.AddSingleton<TimeProvider>(Clock);
        builder.Services.AddSingleton(Grains.Factory);
        builder.Services.AddDeviceEdge(configure);
        if (isOfCluster)
        {
            builder.Services.AddEdgePresence();
        }

        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseMqtt()));
        _app = builder.Build();
    }

    public ManualClock Clock { get; } = new();

    public TestGrains Grains { get; } = new();

    public IEnumerable<string> Log => _log;

    public int Connections => _app.Services.GetRequiredService<LiveSessions>().Count;

    /// <summary>Complete when the edge does not read a connection because its store is slow.</summary>
    public Task IsPaused() => Eventually.Is(() => _app.Services.GetRequiredService<LiveSessions>().Paused > 0);

    /// <summary>Moves the clock on, a step at a time, until this is done.</summary>
    public async Task Until(Task done, TimeSpan step)
    {
        while (!done.IsCompleted)
        {
            Clock.Advance(step);
            await Task.Yield();
        }

        await done;
    }

    public int Port { get; private set; }

    public static async Task<TestEdge> Start(Action<DeviceEdgeOptions>? configure = null, bool isOfCluster = false)
    {
        var edge = new TestEdge(configure, isOfCluster);
        await edge._app.StartAsync();
        edge.Port = new Uri(edge._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
        return edge;
    }

    /// <summary>A TCP connection, and nothing on it yet.</summary>
    public Task<MqttDevice> Dial(MqttVersion version = MqttVersion.V500) => MqttDevice.Dial(Port, version);

    /// <summary>The device "meter-7", connected.</summary>
    public Task<MqttDevice> Connect(MqttVersion version = MqttVersion.V500) => MqttDevice.Connect(Port, "meter-7", "key", version);

    public TestDevice Device => Grains["meter-7"];

    public async Task<ConnAckPacket?> TryConnect(ConnectPacket connect)
    {
        await using var device = await Dial(connect.Version);
        var answer = await device.Connect(connect);
        if (answer is { Reason: not ReasonCode.Success })
        {
            Assert.Null(await device.Receive()); // and then it closes [MQTT-3.2.2-7]
        }

        return answer;
    }

    public Task Stop() => _app.StopAsync();

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    ILogger ILoggerProvider.CreateLogger(string categoryName) => this;

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Warning)
        {
            _log.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");
        }
    }

    void IDisposable.Dispose()
    {
    }
}
