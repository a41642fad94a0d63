using System.Net;
using System.Net.Sockets;

namespace OrleansIoT.Silo;

/// <summary>
/// Whether the ports can be listened on, asked before anything is opened or created. Another process may still take one
/// in between; then the start fails a little later.
/// </summary>
public static class Ports
{
    /// <exception cref="CannotStartException">One cannot.</exception>
    public static void CheckFree(SiloOptions options)
    {
        Check(options.Address, options.Http, "--http");
        if (options.Https is { } https)
        {
            Check(options.Address, https, "--https");
        }

        if (options.ProcessRoles.HasFlag(ProcessRoles.Edge))
        {
            Check(options.Address, options.Mqtt, "--mqtt");
            if (options.Mqtts is { } mqtts)
            {
                Check(options.Address, mqtts, "--mqtts");
            }
        }
    }

    private static void Check(IPAddress address, int port, string option)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
        }
        catch (SocketException e)
        {
            throw new CannotStartException(e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => $"Port {port} is in use on {address}; choose another with {option}.",
                SocketError.AccessDenied => $"This user may not listen on port {port}; choose another with {option}, 1024 or above.",
                SocketError.AddressNotAvailable => $"This machine has no address {address} to listen on; choose another with --bind.",
                _ => $"Nothing can listen on {address} port {port} ({option}): {e.Message}.",
            });
        }
    }
}
