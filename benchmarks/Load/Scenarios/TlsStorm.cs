using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Net.Sockets;
using OrleansIoT.Load.Clients;
using OrleansIoT.Load.Servers;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Scenarios;

/// <summary>The storm over TLS: full handshakes, nothing resumed. Whose certificate it is, is not looked at.</summary>
internal sealed class TlsStorm(int connections) : Scenario
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public override string Name => "storm-tls";

    public override string Title => $"storm, TLS, {connections:N0} connects with CONNACK";

    public override int Devices => connections;

    public override async Task<Measured> Run(Server server)
    {
        if (server.Tls is null)
        {
            throw new LoadException("the server does not offer TLS");
        }

        var open = new List<SslStream>();
        try
        {
            await ConnectAll(server, server.Devices.Take(connections / 5), open, new Latencies());
            open.ForEach(stream => stream.Dispose());
            open.Clear();

            var latencies = new Latencies();
            var effort = new Effort(server);
            await ConnectAll(server, server.Devices, open, latencies);
            return effort.For(connections, latencies);
        }
        finally
        {
            open.ForEach(stream => stream.Dispose());
        }
    }

    private static async Task ConnectAll(Server server, IEnumerable<Device> devices, List<SslStream> open, Latencies latencies)
    {
        using var limit = new CancellationTokenSource(Patience);
        await Parallel.ForEachAsync(
            devices,
            new ParallelOptions { MaxDegreeOfParallelism = Fleet.AtOnce, CancellationToken = limit.Token },
            async (device, cancel) =>
            {
                var since = Stopwatch.GetTimestamp();
                var stream = await Connect(server, device, cancel);
                lock (open)
                {
                    open.Add(stream);
                    latencies.Add(Stopwatch.GetTimestamp() - since);
                }
            });
    }

    [SuppressMessage("Security", "CA5359", Justification = "A load generator on the loopback.")]
    private static async Task<SslStream> Connect(Server server, Device device, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server.Tls!, cancel);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        try
        {
            var options = new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                AllowTlsResume = false,
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            };
            await stream.AuthenticateAsClientAsync(options, cancel);
            await stream.WriteAsync(Packet.Connect(device), cancel);
            var answer = new byte[4];
            await stream.ReadExactlyAsync(answer, cancel);
            return answer[0] == PacketKind.ConnAck && answer[3] == 0
                ? stream
                : throw new LoadException($"{device.Id}: the server refused the connection with {answer[3]}");
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }
}
