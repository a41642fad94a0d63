using Microsoft.AspNetCore.Hosting.Server;

namespace OrleansIoT.Silo.Status;

/// <summary>Where devices connect to this process, which is known once its listeners are open.</summary>
public sealed class MqttListeners(IServer server, IHostApplicationLifetime lifetime, SiloOptions options)
{
    public int? Port => options.ProcessRoles.HasFlag(ProcessRoles.Edge) ? Greeting.MqttPort(server) : null;

    public int? TlsPort => options.ProcessRoles.HasFlag(ProcessRoles.Edge) && options.Mqtts is not null ? Greeting.MqttsPort(server) : null;

    public async Task AreOpen(CancellationToken cancellation)
    {
        var open = new TaskCompletionSource();
        await using var started = lifetime.ApplicationStarted.Register(open.SetResult);
        await open.Task.WaitAsync(cancellation);
    }
}
