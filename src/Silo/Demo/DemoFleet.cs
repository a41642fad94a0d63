using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Silo.Demo;

/// <summary>
/// A fleet of simulated NB-IoT devices for somebody who wants to see data move: registered like any device, connected over
/// real MQTT sockets, asleep most of the time, each at a rhythm of its own.
/// </summary>
public sealed partial class DemoFleet(
    IGrainFactory grains,
    IServer server,
    SiloOptions options,
    IHostApplicationLifetime lifetime,
    TimeProvider clock,
    ILogger<DemoFleet> logger) : BackgroundService
{
    /// <summary>Registrations that wait for a commit together.</summary>
    private const int Registrars = 64;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Started(stoppingToken);
        var edge = new IPEndPoint(
            options.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : options.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
            : options.Address,
            Greeting.MqttPort(server));

        var devices = Enumerable.Range(1, options.Demo).Select(number => new DemoDevice(number, clock)).ToList();
        var lives = new List<Task>();
        foreach (var group in devices.Chunk(Registrars))
        {
            var keys = await Task.WhenAll(group.Select(Register)).WaitAsync(stoppingToken);
            lives.AddRange(group.Zip(keys, (device, key) => Live(device, key, edge, stoppingToken)));
        }

        LogRunning(logger, options.Demo, devices[0].Topic);
        await Task.WhenAll(lives);
    }

    /// <returns>The device's key. Of a device that an earlier run has registered it is a new one.</returns>
    private async Task<string> Register(DemoDevice device)
    {
        Caller.System(GrainKey.DefaultTenant, "demo fleet").Enter();
        var grain = grains.Device(GrainKey.DefaultTenant, device.Id);
        try
        {
            return await grain.Register(new DeviceRegistration(device.Name, [], []));
        }
        catch (FailureException e) when (e.Failure == Failure.Conflict)
        {
            return await grain.RenewKey();
        }
    }

    private async Task Live(DemoDevice device, string key, IPEndPoint edge, CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await Task.Delay(device.NextSleep(), clock, stopping);
                try
                {
                    await DemoConnection.Publish(edge, device.Id, key, device.Measure(), stopping);
                }
                catch (Exception e) when (e is IOException or SocketException or MqttProtocolException)
                {
                    LogNotHeard(logger, device.Id, e.Message); // it sends the readings again when it wakes, as devices do
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The process ends; so does the demonstration.
        }
    }

    /// <summary>The listeners are open only after every hosted service has started.</summary>
    private async Task Started(CancellationToken stopping)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stopping);
    }

    [LoggerMessage(LogLevel.Information, "The demo fleet runs: {Count} devices; see GET /devices, and for example GET /iot/{Topic}/latest")]
    private static partial void LogRunning(ILogger logger, int count, string topic);

    [LoggerMessage(LogLevel.Debug, "Demo device {Device} was not heard: {Why}")]
    private static partial void LogNotHeard(ILogger logger, string device, string why);
}
