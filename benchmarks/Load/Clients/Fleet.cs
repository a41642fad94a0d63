using System.Net;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Clients;

/// <summary>Many connections that come and go together.</summary>
internal static class Fleet
{
    /// <summary>
    /// How many wait for their CONNACK at a time. More would overflow the queue of a listener (mosquitto's is 100 long),
    /// and the kernel tries those again only a second later.
    /// </summary>
    public const int AtOnce = 64;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static void Connect<TClient>(this Loop loop, IReadOnlyList<TClient> clients, EndPoint server)
        where TClient : Client
    {
        // They are answered nearly in their order, so the oldest that waits says enough.
        var (begun, answered) = (0, 0);
        loop.RunUntil(() =>
        {
            while (answered < begun && clients[answered].IsConnected)
            {
                answered++;
            }

            while (begun < clients.Count && begun - answered < AtOnce)
            {
                clients[begun++].Connect(server);
            }

            return answered == clients.Count;
        }, Patience, "CONNACK");
    }

    public static void Disconnect<TClient>(this Loop loop, IReadOnlyList<TClient> clients)
        where TClient : Client
    {
        foreach (var client in clients)
        {
            client.Leave();
        }

        loop.RunUntil(() => clients.All(client => client.IsGone), Patience, "the server to close what was disconnected");
    }
}
